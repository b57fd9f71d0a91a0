// Command bench measures Usher: a closed loop of 16 keep-alive connections on
// one core against the server, and PostgreSQL, on another. It prints one table
// in which each figure stands beside its ceiling, measured in the same run by
// doing the unavoidable work alone: the hash, the point read, the insert, the
// bare HTTP answer.
//
// It owns the load, the data that is loaded and the table. It decides nothing
// about what is fast enough: the goals stand in docs/performance.md.
package main
