package main

import (
	"context"
	"fmt"
	"log/slog"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go/logging"
)

// awsConfig reads how AWS is reached, from where every tool of AWS does.
func awsConfig(ctx context.Context, log *slog.Logger) (awssdk.Config, error) {
	return awsProfile(ctx, log, "")
}

// awsProfile is the same with a profile, "" for the default one.
func awsProfile(ctx context.Context, log *slog.Logger, profile string) (awssdk.Config, error) {
	a, err := config.LoadDefaultConfig(ctx, config.WithLogger(sdkLog{ctx, log}), config.WithSharedConfigProfile(profile))
	if err != nil {
		return a, fmt.Errorf("reading the AWS configuration: %w; check AWS_REGION, AWS_PROFILE and the files that they name", err)
	}
	return a, nil
}

// sdkLog is where the SDK tells what it thinks of a call. Without one it writes
// to standard error, in a form of its own. All of it is for who looks into the
// SDK: what went wrong is told by the error.
type sdkLog struct {
	ctx context.Context //nolint:containedctx // it is the SDK's way to hand one over, see WithContext
	log *slog.Logger
}

var (
	_ logging.Logger        = sdkLog{}
	_ logging.ContextLogger = sdkLog{}
)

// Logf implements [logging.Logger].
func (l sdkLog) Logf(class logging.Classification, format string, args ...any) {
	if l.log.Enabled(l.ctx, slog.LevelDebug) {
		l.log.DebugContext(l.ctx, "the AWS SDK says", "class", string(class), "text", fmt.Sprintf(format, args...))
	}
}

// WithContext implements [logging.ContextLogger].
func (l sdkLog) WithContext(ctx context.Context) logging.Logger { return sdkLog{ctx, l.log} }
