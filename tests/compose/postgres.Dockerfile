# Debian's PostgreSQL, started as the image that docker-compose.yml names by default starts: for
# places where no registry can be reached.
ARG BASE
FROM ${BASE}
COPY tests/compose/postgres-start /usr/local/bin/postgres-start
RUN ln -s /usr/lib/postgresql/*/bin/pg_isready /usr/lib/postgresql/*/bin/psql /usr/local/bin/ 2>/dev/null || true; \
    install -d -o postgres -g postgres -m 0700 /var/lib/postgresql/data
USER postgres
VOLUME /var/lib/postgresql/data
ENTRYPOINT ["postgres-start"]
