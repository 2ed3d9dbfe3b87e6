# The image of a share server, from the archive that eng/release makes for Linux. It has no shell and no package
# manager, runs as a user without rights, and writes only to /data.
FROM mcr.microsoft.com/dotnet/runtime-deps:10.0-noble-chiseled
ARG VERSION
ARG ARCH=x64
LABEL org.opencontainers.image.title="sharerpc" \
      org.opencontainers.image.description="Share server for sessions of coding agents" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}"
ADD --chown=0:0 artifacts/sharerpc-${VERSION}-linux-${ARCH}.tar.gz /opt/sharerpc/
ENV SHARERPC_DATA=/data \
    SHARERPC_URLS=http://0.0.0.0:8787 \
    DOTNET_EnableDiagnostics=0
WORKDIR /data
VOLUME ["/data"]
USER 1654:1654
EXPOSE 8787
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=15s --start-period=20s --retries=3 \
  CMD ["/opt/sharerpc/sharerpc", "doctor", "--ready", "--server", "http://127.0.0.1:8787"]
ENTRYPOINT ["/opt/sharerpc/sharerpc"]
CMD ["serve"]
