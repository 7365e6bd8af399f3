module github.com/fastify-signalbox/fastify-signalbox/test/histories

go 1.24.0

require (
	github.com/anishathalye/porcupine v1.3.1
	github.com/fastify-signalbox/fastify-signalbox/clients/go v0.0.0
)

require golang.org/x/sys v0.37.0

replace github.com/fastify-signalbox/fastify-signalbox/clients/go => ../../clients/go
