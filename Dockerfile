# The emulator as a static binary on an empty base.
#   docker build -t milink . && docker run --rm -p 4588:4588 -p 14330:14330 -p 14340:14340 milink
FROM rust:1-bookworm AS build
WORKDIR /src
COPY . .
# The C library is linked in, so the binary needs nothing from its surroundings.
RUN RUSTFLAGS="-C target-feature=+crt-static" \
    cargo build --release --locked --bin milink --target x86_64-unknown-linux-gnu
RUN mkdir -p /empty/tmp && chmod 1777 /empty/tmp \
    && cp target/x86_64-unknown-linux-gnu/release/milink /empty/milink

FROM scratch
COPY --from=build /empty/ /
USER 65532:65532
ENV HOME=/tmp MILINK_LISTEN=0.0.0.0
EXPOSE 4588 14330 14340 14380 15022
HEALTHCHECK --interval=5s --timeout=2s --start-period=2s CMD ["/milink", "health"]
ENTRYPOINT ["/milink"]
CMD ["up"]
