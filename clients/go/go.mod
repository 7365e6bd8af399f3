module github.com/fastify-signalbox/fastify-signalbox/clients/go

go 1.24.0
