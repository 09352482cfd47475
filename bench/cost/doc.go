// Command cost is the program behind `make cost`: it turns the list of what
// requests ask of AWS (shared/catalog/counts, held by tests against the code
// on DynamoDB Local) into dollars per million requests, beside a textbook build
// of the same creation.
//
// Counts are asserted; prices are list prices of one day (prices.go); how long
// things take is assumed (assume.go), for no account has measured it. Not in
// it are free tiers, storage, backups, data transfer and whatever a site adds
// in alarms and traces.
package main
