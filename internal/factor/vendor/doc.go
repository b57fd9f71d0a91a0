// Package vendor holds the factor methods whose answers only the server of their
// vendor can judge: tokens of RSA and Symantec, and pages such as Duo's. Usher
// does not speak to these servers: an adapter of the operator's does, which is
// asked by one signed request a question (docs/factor-webhook.md). It owns those
// questions, what a page is given and what it has to bring back. Without an
// adapter none of these methods is there.
package vendor
