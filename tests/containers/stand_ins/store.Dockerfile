# Stands in for minio/minio: OpenStack Swift with its S3 API, from Debian, as the tests use it.
ARG BASE=debian:12-slim
FROM ${BASE}
RUN apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends python3-swift \
    && rm -rf /var/lib/apt/lists/*
COPY services/swift_server.py /usr/local/lib/
COPY containers/stand_ins/store_entrypoint /usr/local/bin/
COPY containers/stand_ins/mc /usr/local/bin/
VOLUME /data
EXPOSE 9000
ENTRYPOINT ["store_entrypoint"]
