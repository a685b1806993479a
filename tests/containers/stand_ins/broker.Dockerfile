# Stands in for valkey/valkey: Debian 13's.
ARG BASE=debian:12-slim
FROM ${BASE}
RUN find /etc/apt -name '*.list' -o -name '*.sources' | xargs sed -i s/bookworm/trixie/ \
    && apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends valkey-server valkey-tools \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /data
EXPOSE 6379
CMD ["valkey-server"]
