// Package e164 reads telephone numbers: what people write becomes a number in
// international form (ITU-T E.164), or is refused.
//
// It knows which country codes there are and how long the numbers behind each
// may be. Whether a number is assigned, what kind it is, and how its country
// writes it in groups it does not know: only the network does, and the answer
// to a code that was sent proves more than a table could.
package e164
