# Any BuildKit builds it:   docker build -t sluice .
# The build is the project's own, from a bare Debian 12: scripts/setup and scripts/build.
FROM debian:bookworm AS build
WORKDIR /sluice
COPY scripts scripts
COPY web/package.json web/package-lock.json web/.npmrc web/
RUN scripts/setup build
COPY . .
RUN scripts/build release sluice && strip -o /usr/local/bin/sluice build/release/bin/sluice

FROM debian:bookworm-slim
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Sluice" \
      org.opencontainers.image.description="An AI gateway for conversational applications" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
# Only what runs: apt's lists and the scripts are mounted for this step, and are not in the image.
RUN --mount=type=bind,source=scripts,target=/tmp/setup/scripts --mount=type=tmpfs,target=/tmp/setup/build \
    /tmp/setup/scripts/setup runtime && \
    rm -rf /var/lib/apt/lists/* /var/cache/apt /var/cache/debconf /var/log/* /usr/share/doc /usr/share/man && \
    groupadd --gid 10001 sluice && \
    useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/sluice --shell /usr/sbin/nologin sluice && \
    install -d -o sluice -g sluice -m 700 /var/lib/sluice
COPY deploy/compose/sluice.yaml /etc/sluice/sluice.yaml
COPY LICENSE /usr/share/doc/sluice/LICENSE
COPY --from=build /usr/local/bin/sluice /usr/local/bin/sluice
USER 10001:10001
WORKDIR /var/lib/sluice
VOLUME /var/lib/sluice
# Clients and administration of `serve` and `gateway`; identity; agent; admin; health and metrics.
EXPOSE 8080 50051 50052 8081 9090
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s CMD ["sluice", "healthcheck", "--url", "http://127.0.0.1:9090"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["sluice"]
CMD ["serve"]
