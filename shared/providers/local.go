package providers

import (
	"errors"
	"net"
	"syscall"
)

// LocalOrigin reports whether an error arose in this environment: a name that
// it cannot resolve, or a network that it does not reach. A driver notes that in
// [fault.ProviderError]: a breaker believes it when another environment meets
// the same.
func LocalOrigin(err error) bool {
	_, dns := errors.AsType[*net.DNSError](err)
	return dns || errors.Is(err, syscall.ENETUNREACH) || errors.Is(err, syscall.ENETDOWN)
}
