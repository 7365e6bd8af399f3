// Package hidden keeps secrets out of what fmt prints.
package hidden

// A Value returns what it hides. fmt calls no String method on a field that is not exported, or on what such a field
// holds, and prints all of it, even behind a pointer. Of a function, it prints the address only.
type Value[T any] func() T

// New hides a value.
func New[T any](value T) Value[T] { return func() T { return value } }
