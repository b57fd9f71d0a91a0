// Package notify is the outbox: what Usher has to tell people by mail, text
// message, call or push. It owns the message, its sealed row in the store, the
// worker that hands rows to senders, the mail sender and the texts of the
// messages. A message is written in the transaction that gives rise to it, so
// that neither exists without the other, and is sent at least once.
//
// Without a sender for its kind a message stays queued; in development the
// outbox itself is the inbox. Deciding whom to tell what is the business of the
// services above.
package notify
