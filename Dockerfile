# One image for the worker, the fleet and every job. Runs as nobody in particular, writes only to
# /var/lib/fortnight, and imports only what was installed (the package names are short).
FROM python:3.13-slim AS build
RUN pip install --no-cache-dir uv==0.13.9
WORKDIR /src
COPY pyproject.toml uv.lock README.md LICENSE ./
RUN UV_PROJECT_ENVIRONMENT=/opt/fortnight uv sync --locked --no-dev --no-install-project
COPY schemas schemas
COPY storage storage
COPY streams streams
COPY jobs jobs
RUN UV_PROJECT_ENVIRONMENT=/opt/fortnight uv sync --locked --no-dev --no-editable

FROM python:3.13-slim
RUN useradd --system --uid 10001 --home-dir /var/lib/fortnight --create-home fortnight
COPY --from=build /opt/fortnight /opt/fortnight
ENV PATH=/opt/fortnight/bin:$PATH \
    PYTHONSAFEPATH=1 \
    PYTHONUNBUFFERED=1
USER fortnight
WORKDIR /var/lib/fortnight
VOLUME /var/lib/fortnight
STOPSIGNAL SIGTERM
CMD ["fortnight-worker"]
