package call

import (
	"context"
	"testing"
	"time"
)

type rateVectors struct {
	Control []struct {
		Why   string
		Steps []struct{ At, Messages int }
		Code  Code
	}
	Attempts []struct {
		Why   string
		Steps []struct {
			At, Begin, End int
			Then, As       string
		}
	}
}

func TestVectorsOfMessageRates(t *testing.T) {
	vectors := readCallVectors(t).Rates.Control
	began := time.Now()
	for _, vector := range vectors {
		var allowed allowance
		all, taken := 0, 0
		for _, step := range vector.Steps {
			now := began.Add(time.Duration(step.At) * time.Millisecond)
			for range step.Messages {
				all++
				if allowed.take(now) {
					taken++
				}
			}
		}
		// What is not allowed is refused with this code; see control.receive.
		if vector.Code == "" && taken != all || vector.Code != "" && taken != all-1 || vector.Code != "" && vector.Code != CodeFull {
			t.Errorf("%s: %d of %d", vector.Why, taken, all)
		}
	}
	if len(vectors) < 12 {
		t.Error(len(vectors))
	}
}

func TestVectorsOfAttempts(t *testing.T) {
	vectors := readCallVectors(t).Rates.Attempts
	costs := map[string]int{"failed": failedAttempt, "compared": comparedAttempt, "free": 0}
	for _, vector := range vectors {
		began := time.Now()
		now := began
		a := newAttempts(func() time.Time { return now })
		for _, step := range vector.Steps {
			now = began.Add(time.Duration(step.At) * time.Second)
			for range step.Begin {
				if outcome := beginOrGiveUp(a); outcome != step.Then {
					t.Errorf("%s, after %d s: %s, not %s", vector.Why, step.At, outcome, step.Then)
				}
			}
			for range step.End {
				a.end(costs[step.As])
			}
		}
	}
	if len(vectors) < 7 {
		t.Error(len(vectors))
	}
}

// beginOrGiveUp gives an attempt up if it has to wait.
func beginOrGiveUp(a *attempts) string {
	ctx, giveUp := context.WithCancel(context.Background())
	giveUp()
	_, _, err := a.begin(ctx)
	switch {
	case err == nil:
		return "begin"
	case err == context.Canceled:
		return "wait"
	case has(err, CodeAttempts):
		return "refused"
	}
	return err.Error()
}
