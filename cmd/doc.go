// Package cmd holds the commands. It has no code of its own: its tests say
// what each of them may link, and why.
package cmd
