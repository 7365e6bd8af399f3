package call

import (
	"sync"
	"time"
)

// A loop carries out one step at a time, in the order in which they were given. What happens to one connection happens
// in its loop, so that its state needs no locks.
type loop struct {
	mu      sync.Mutex
	steps   []func()
	wake    chan struct{} // has room for one
	stopped chan struct{}
	once    sync.Once
}

func startLoop(running *sync.WaitGroup) *loop {
	l := &loop{wake: make(chan struct{}, 1), stopped: make(chan struct{})}
	running.Add(1)
	go func() {
		defer running.Done()
		l.run()
	}()
	return l
}

func (l *loop) run() {
	for {
		select {
		case <-l.wake:
		case <-l.stopped:
			return
		}
		for step := l.next(); step != nil; step = l.next() {
			step()
		}
	}
}

func (l *loop) next() func() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.steps) == 0 {
		return nil
	}
	step := l.steps[0]
	l.steps = l.steps[1:]
	return step
}

// do adds a step. It does not wait for it; after stop, the step is not carried out.
func (l *loop) do(step func()) {
	l.mu.Lock()
	l.steps = append(l.steps, step)
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// wait adds a step, and returns once it has been carried out or the loop has stopped: whoever sends too much waits.
func (l *loop) wait(step func()) {
	done := make(chan struct{})
	l.do(func() {
		defer close(done)
		step()
	})
	select {
	case <-done:
	case <-l.stopped:
	}
}

func (l *loop) stop() { l.once.Do(func() { close(l.stopped) }) }

// after carries out a step in the loop after a while, unless the timer is stopped first. Stop it in the loop only:
// then it never runs after that.
func (l *loop) after(d time.Duration, step func()) *timer {
	t := &timer{}
	t.timer = time.AfterFunc(d, func() {
		l.do(func() {
			if !t.stopped {
				step()
			}
		})
	})
	return t
}

type timer struct {
	timer   *time.Timer
	stopped bool
}

func (t *timer) stop() {
	if t != nil {
		t.stopped = true
		t.timer.Stop()
	}
}
