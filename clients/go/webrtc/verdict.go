package call

import "sync"

// A verdict is how an attempt to join counts, once that is known.
type verdict struct {
	mu    sync.Mutex
	known bool
	count int
	tell  func(sixteenths int)
}

// then sets whom to tell.
func (v *verdict) then(tell func(int)) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.known {
		tell(v.count)
	} else {
		v.tell = tell
	}
}

// settle counts once, and reports whether it did: what is found later changes nothing.
func (v *verdict) settle(sixteenths int) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.known {
		return false
	}
	v.known, v.count = true, sixteenths
	if v.tell != nil {
		v.tell(sixteenths)
	}
	return true
}
