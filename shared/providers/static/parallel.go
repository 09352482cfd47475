package static

import "sync"

// each calls f for 0 … n-1, at most atOnce at a time, and returns when all
// calls have.
func each(n int, f func(i int)) {
	var wg sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	for i := range n {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			f(i)
		})
	}
	wg.Wait()
}
