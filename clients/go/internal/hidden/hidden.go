// Package hidden keeps secrets out of what fmt prints.
package hidden

// A Value returns what it hides. fmt calls no String method on a field that is not exported, or on what such a field
// holds, and prints all of it. It follows the pointer that it is given, but no other one, and no function: of these, it
// prints the address only.
type Value[T any] func() T

// New hides a value.
func New[T any](value T) Value[T] { return func() T { return value } }
