package main

import (
	"flag"
	"fmt"
	"io"
	"os"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run returns the exit status: 2 for arguments that it does not know.
func run(args []string, out, complaints io.Writer) int {
	flags := flag.NewFlagSet("cost", flag.ContinueOnError)
	flags.SetOutput(complaints)
	format := flags.String("format", "table", "table, for eyes; json, for pipes")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	write := map[string]func(io.Writer, report) error{"table": writeTable, "json": writeJSON}[*format]
	if write == nil || flags.NArg() > 0 {
		fmt.Fprintf(complaints, "cost: it takes -format table or -format json and no arguments, got -format %s %v\n", *format, flags.Args())
		return 2
	}
	if err := write(out, calculate(listPrices(), assumed())); err != nil {
		fmt.Fprintln(complaints, "cost:", err)
		return 1
	}
	return 0
}
