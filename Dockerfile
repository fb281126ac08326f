# syntax=docker/dockerfile:1
# One image for worker.py, web.py and starter.py: `docker run sellerbeat worker.py`.
# BASE: a Python of Debian; pin it by its digest for what you run (docs/how-to/deploy.md, *The image*).
ARG BASE=python:3.11-slim
FROM ${BASE} AS build
WORKDIR /build
COPY requirements/runtime.txt ./
# the project itself is no package: this installs what it needs, at the versions that the tests ran with, each file by its hash
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --only-binary :all: --requirement runtime.txt
WORKDIR /app
COPY . .
# whatever umask the clone was made under: everybody may read it, nobody may write it
RUN chmod -R a+rX,go-w /app /venv

FROM ${BASE}
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin sellerbeat
COPY --from=build /venv /venv
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
EXPOSE 8080 8081 9090
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 CMD ["python", "deploy/health.py"]
ENTRYPOINT ["python"]
CMD ["worker.py"]
