package cmd

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"time"
)

// way is how the broker lives: everything in one process, or its functions as
// the binaries that are deployed, on DynamoDB.
type way struct {
	name  string
	flags func(dir string) []string // beside the data directory
	env   []string
}

var embedded = way{name: "embedded", flags: func(string) []string { return nil }}

// deployed runs the functions of a directory. Each data directory has a table
// of its own, and so has each run of the tests.
func deployed(functions string) way {
	run := time.Now().Format(time.RFC3339Nano)
	return way{
		name: "functions",
		flags: func(dir string) []string {
			sum := sha256.Sum256([]byte(run + dir))
			return []string{
				"--store", "dynamodb:e2e-" + hex.EncodeToString(sum[:8]), "--create-table",
				"--lambdas", functions,
			}
		},
		env: awsEnvironment(),
	}
}

// awsEnvironment is what reaches the DynamoDB that tests are given.
func awsEnvironment() []string {
	env := []string{"AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local", "AWS_REGION=us-east-1"}
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION", dynamoDB} {
		if v := os.Getenv(name); v != "" {
			env = append(env, name+"="+v)
		}
	}
	return env
}

const dynamoDB = "AWS_ENDPOINT_URL_DYNAMODB"
