# One image for the service and for its migrations: what migrates the database is what will use it.
# The base is pinned by version; its digest isn't, so that a rebuild picks up Debian's security fixes.

FROM python:3.13.15-slim-trixie AS build
WORKDIR /build
COPY requirements/app.txt ./
# Every file is checked against its hash, and nothing is compiled: the image needs no compiler and no headers.
RUN python -m venv /venv \
  && /venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --only-binary :all: -r app.txt
COPY gunicorn.conf.py ./
COPY app ./app
# Compiled here, because the user below may not write next to the sources.
RUN /venv/bin/python -m compileall -q app

FROM python:3.13.15-slim-trixie
ENV PATH=/venv/bin:$PATH \
  PYTHONDONTWRITEBYTECODE=1 \
  PYTHONUNBUFFERED=1
# A fixed number, the same as the collector's own: it reads the log files that this user writes.
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin loan
WORKDIR /srv/loan-service
COPY --from=build /venv /venv
COPY --from=build /build/gunicorn.conf.py ./
COPY --from=build /build/app ./app
USER 10001:10001
EXPOSE 8000
# The process, not the database: a restart cures a hung service and never a database that is away.
HEALTHCHECK --interval=5s --timeout=3s --start-period=60s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/livez', timeout=2)"]
# Without a shell in between, Gunicorn is process 1: it gets the stop signal itself and reaps its own workers.
CMD ["gunicorn", "-c", "gunicorn.conf.py", "app.wsgi:app"]
