# Build:  docker build -t hookglass .
# Run:    docker run --rm -p 4400:4400 -v hookglass:/data -e STRIPE_WEBHOOK_SECRET hookglass
FROM rust:1-slim-bookworm AS build
RUN apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY Cargo.toml Cargo.lock build.rs ./
COPY .cargo .cargo
COPY assets assets
COPY src src
COPY benches benches
RUN cargo build --release --locked --bin hookglass

FROM debian:bookworm-slim
# Certificates for forwarding to https:// targets.
RUN apt-get update && apt-get install --yes --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --home-dir /data hookglass
COPY --from=build /src/target/release/hookglass /usr/local/bin/hookglass
USER hookglass
WORKDIR /data
VOLUME /data
EXPOSE 4400
# The container's own loopback cannot be reached from outside, so listen on all of its addresses.
# Publish the port on the host's loopback unless others should reach it: -p 127.0.0.1:4400:4400
ENTRYPOINT ["hookglass"]
CMD ["listen", "--headless", "--bind", "0.0.0.0:4400"]
