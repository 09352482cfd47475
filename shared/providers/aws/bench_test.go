package aws_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers/aws/ec2test"
)

// BenchmarkCreate measures what the driver adds to EC2: the double answers at
// once.
func BenchmarkCreate(b *testing.B) {
	for _, count := range []int{1, 100, 1000} {
		for name, kinds := range map[string][]string{"run": {ec2test.TypeLarge}, "fleet": {ec2test.TypeLarge, ec2test.TypeCompute}} {
			b.Run(fmt.Sprintf("%s of %d", name, count), func(b *testing.B) {
				s := newSite(b)
				n := 0
				for b.Loop() {
					b.StopTimer()
					s.clock.Advance(time.Hour) // the bucket of launches is full again
					n++
					spec := order(fmt.Sprintf("op-%d", n), count, template(types(kinds...)))
					b.StartTimer()
					r := s.create(spec)
					b.StopTimer()
					s.terminate(idsOf(r.Machines)...)
					b.StartTimer()
				}
				b.ReportMetric(float64(count*n)/b.Elapsed().Seconds(), "machines/s")
				b.ReportMetric(float64(len(s.Calls("RunInstances"))+len(s.Calls("CreateFleet")))/float64(n), "creating-calls/op")
			})
		}
	}
}

// BenchmarkNoCapacity measures what a lack of capacity costs before the next
// provider is asked.
func BenchmarkNoCapacity(b *testing.B) {
	s := newSite(b)
	s.Free(0)
	n := 0
	for b.Loop() {
		n++
		if _, err := s.driver.Create(b.Context(), order(fmt.Sprintf("op-%d", n), 5, template())); fault.AsProvider(err) == nil {
			b.Fatal("there was room")
		}
	}
	b.ReportMetric(float64(len(s.Calls("")))/float64(n), "calls/op")
}
