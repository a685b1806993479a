# Stands in for postgres:15 where there is no registry of images: Debian's PostgreSQL, started in the same way.
ARG BASE=debian:12-slim
FROM ${BASE}
RUN mkdir -p /etc/postgresql-common/createcluster.d \
    && echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.d/none.conf \
    && apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends postgresql-15 \
    && rm -rf /var/lib/apt/lists/*
ENV PATH=/usr/lib/postgresql/15/bin:/usr/local/bin:/usr/bin:/bin LANG=C.UTF-8
COPY containers/stand_ins/postgres_entrypoint /usr/local/bin/
VOLUME /var/lib/postgresql/data
# As the real one: a fast stop, which does not wait for clients.
STOPSIGNAL SIGINT
ENTRYPOINT ["postgres_entrypoint"]
