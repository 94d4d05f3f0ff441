# The node in a container: one binary, one user without rights, nothing secret inside. Its home is a
# volume at /var/lib/accord; everything else can be read-only.
#
# Both bases are arguments, for places with images of their own. A builder that brings /out/accord
# already made is taken at its word: nothing is compiled then.
ARG BUILDER=rust:1.95-bookworm
ARG BASE=debian:bookworm-slim

FROM ${BUILDER} AS build
WORKDIR /source
COPY . .
RUN test -x /out/accord || { cargo build --locked --release -p node && install -D target/release/accord /out/accord; }

FROM ${BASE}
COPY --from=build /out/accord /usr/local/bin/accord
COPY node/packaging/container/start /usr/local/bin/start-accord
RUN install -d -o 10001 -g 10001 -m 0700 /var/lib/accord
USER 10001:10001
ENV ACCORD_HOME=/var/lib/accord TZ=UTC
VOLUME /var/lib/accord
# Peers, and the HTTPS side.
EXPOSE 7420 8443
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["accord", "health"]
ENTRYPOINT ["start-accord"]
