// Package question is the factor method of a security question: one of a list,
// with an answer of the user's own. It owns which questions there are to choose
// and how an answer is checked; the hash is that of package credential. The
// question by which a forgotten password is recovered is another one.
package question
