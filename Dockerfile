# The image of the gateway. Built in one stage, shipped in another; what ships needs no shell, no npm and no network
# of its own at start, and runs with a read-only root file system.
ARG BASE=node:24-bookworm-slim

FROM ${BASE} AS build
WORKDIR /app
# Dependencies first: they change less often than the sources.
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY scripts/prepare.mjs scripts/
COPY src src
RUN npm run build && npm prune --omit=dev --no-audit --no-fund

FROM ${BASE}
ARG VERSION=dev
LABEL org.opencontainers.image.title="portcullis" \
      org.opencontainers.image.description="A policy gateway for the Model Context Protocol" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}"
# In a container loopback reaches nobody. A bind that others can reach needs ALLOWED_HOSTS: without it the gateway
# says so and does not start.
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    OPS_HOST=0.0.0.0
WORKDIR /app
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json ./
COPY policies policies
COPY bundles bundles
# A number, so that Kubernetes can see that it is not root.
USER 65532:65532
EXPOSE 8080 9464
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --retries=3 CMD ["node", "-e", "require('http').get({ host: '127.0.0.1', port: process.env.OPS_PORT || 9464, path: '/healthz' }, (reply) => process.exit(reply.statusCode === 200 ? 0 : 1)).on('error', () => process.exit(1))"]
ENTRYPOINT ["node", "/app/dist/main.js"]
CMD ["serve"]
