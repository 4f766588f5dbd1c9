#!/usr/bin/python3
"""A collector of traces: OTLP as OpenTelemetry itself defines it, by Debian's python3-opentelemetry-proto.

  otlp_receiver.py http|grpc

Prints `ready http://127.0.0.1:PORT`, then a line of JSON for each span that comes.
"""
import concurrent.futures
import gzip
import http.server
import json
import sys
import threading

from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as service

KINDS = ["unspecified", "internal", "server", "client", "producer", "consumer"]
lock = threading.Lock()


def value_of(value):
    which = value.WhichOneof("value")
    if which == "array_value":
        return [value_of(one) for one in value.array_value.values]
    return getattr(value, which) if which else None


def pairs(attributes):
    return {each.key: value_of(each.value) for each in attributes}


def say(line):
    with lock:
        print(line, flush=True)


def report(request, headers):
    for resource_spans in request.resource_spans:
        for scope_spans in resource_spans.scope_spans:
            for span in scope_spans.spans:
                say(json.dumps({
                    "trace": span.trace_id.hex(), "id": span.span_id.hex(), "parent": span.parent_span_id.hex(),
                    "state": span.trace_state, "name": span.name, "kind": KINDS[span.kind],
                    "start": span.start_time_unix_nano, "end": span.end_time_unix_nano,
                    "attributes": pairs(span.attributes), "failed": span.status.code == 2,
                    "problem": span.status.message, "resource": pairs(resource_spans.resource.attributes),
                    "events": [{"name": one.name, "attributes": pairs(one.attributes)} for one in span.events],
                    "headers": headers}))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        wanted = self.path == "/v1/traces" and self.headers["content-type"] == "application/x-protobuf"
        if wanted:
            headers = {name.lower(): value for name, value in self.headers.items()}
            report(service.ExportTraceServiceRequest.FromString(body), headers)
        answer = service.ExportTraceServiceResponse().SerializeToString() if wanted else b""
        self.send_response(200 if wanted else 404)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


def serve_http():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    say(f"ready http://127.0.0.1:{server.server_port}")
    server.serve_forever()


def serve_grpc():
    import grpc
    from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as rpc

    class Receiver(rpc.TraceServiceServicer):
        def Export(self, request, context):
            report(request, dict(context.invocation_metadata()))
            return service.ExportTraceServiceResponse()

    server = grpc.server(concurrent.futures.ThreadPoolExecutor(2))
    rpc.add_TraceServiceServicer_to_server(Receiver(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    say(f"ready http://127.0.0.1:{port}")
    server.wait_for_termination()


{"http": serve_http, "grpc": serve_grpc}[sys.argv[1]]()
