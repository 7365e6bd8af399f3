package signalbox

// Error makes a Problem an error, so that it can be returned and found with errors.As.
func (p *Problem) Error() string {
	return p.Code + ": " + p.Detail
}
