FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY scripts/bundle-worker.mjs scripts/
COPY src src
RUN npm run build && npm prune --omit=dev

FROM node:24-slim
ENV NODE_ENV=production HOST=0.0.0.0
WORKDIR /app
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/package.json ./
COPY --from=build /app/dist dist
USER node
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
  CMD ["node", "-e", "const { LISTEN_SOCKET: socketPath, PORT: port = 3000, HEALTH_PREFIX: prefix = '/health', TLS_CERT_FILE: isSecure } = Object.fromEntries(Object.entries(process.env).filter(([, value]) => value)); require(isSecure ? 'node:https' : 'node:http').get({ host: '127.0.0.1', port, socketPath, path: `${prefix}/live`, rejectUnauthorized: false }, ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1)).on('error', () => process.exit(1))"]
CMD ["node", "dist/main.js"]
