package sealing

// An Error is the reason why an invite, a message or a description is refused: a code of the call protocol.
type Error string

// What docs/sealing.md refuses.
const (
	ErrInvite        Error = "CALL_ERR_INVITE"
	ErrInviteVersion Error = "CALL_ERR_INVITE_VERSION"
	ErrKey           Error = "CALL_ERR_KEY"
	ErrFormat        Error = "CALL_ERR_FORMAT"
	ErrVersion       Error = "CALL_ERR_VERSION"
	ErrTooLarge      Error = "CALL_ERR_TOO_LARGE"
	ErrChanged       Error = "CALL_ERR_CHANGED"
	ErrReplayed      Error = "CALL_ERR_REPLAYED"
	ErrOrder         Error = "CALL_ERR_ORDER"
	ErrReflected     Error = "CALL_ERR_REFLECTED"
	ErrForeign       Error = "CALL_ERR_FOREIGN"
	ErrFingerprint   Error = "CALL_ERR_FINGERPRINT"
)

func (e Error) Error() string { return string(e) }
