#!/bin/sh
# Makes the secrets of compose.yaml below deploy/secrets, and deploy/.env with the hashes of the API keys. What is there stays.
set -eu
cd "$(dirname "$0")"
umask 022
mkdir -p secrets
chmod 700 secrets

random() { openssl rand -hex 32; }
# The files are mounted into containers whose users are others: readable there, while the directory keeps everybody else out.
secret() { [ -s "secrets/$1" ] || random > "secrets/$1"; }
hash_of() { printf '%s' "$(cat "secrets/$1")" | openssl dgst -sha256 | sed 's/^.*= //'; }

for name in clickhouse_password clickhouse_analyst_password clickhouse_grafana_password grafana_admin_password \
  admin_key analyst_key otlp_key push_key; do
  secret "$name"
done
# The form of `tourniquet keygen`: an id, and 32 bytes in base64.
[ -s secrets/fingerprint.keys ] || printf '%s %s\n' "k$(date +%Y%m%d)" "$(openssl rand -base64 32)" > secrets/fingerprint.keys

cat > secrets/clickhouse-users.xml <<XML
<clickhouse>
  <profiles>
    <tourniquet_readonly>
      <readonly>2</readonly>
      <allow_ddl>0</allow_ddl>
      <allow_introspection_functions>0</allow_introspection_functions>
    </tourniquet_readonly>
  </profiles>
  <users>
    <default remove="remove"/>
    <tourniquet>
      <password_sha256_hex>$(hash_of clickhouse_password)</password_sha256_hex>
      <networks><ip>::/0</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <grants>
        <query>GRANT ALL ON tourniquet.*</query>
        <query>GRANT ALL ON tourniquet_analyst.*</query>
        <query>GRANT SELECT ON system.*</query>
        <query>GRANT SET DEFINER ON *</query>
        <query>GRANT SHOW DATABASES ON *.*</query>
      </grants>
    </tourniquet>
    <tourniquet_analyst>
      <password_sha256_hex>$(hash_of clickhouse_analyst_password)</password_sha256_hex>
      <networks><ip>::/0</ip></networks>
      <profile>tourniquet_readonly</profile>
      <quota>default</quota>
      <grants>
        <query>GRANT SELECT ON tourniquet_analyst.*</query>
        <query>GRANT SELECT ON system.functions</query>
      </grants>
    </tourniquet_analyst>
    <tourniquet_grafana>
      <password_sha256_hex>$(hash_of clickhouse_grafana_password)</password_sha256_hex>
      <networks><ip>::/0</ip></networks>
      <profile>tourniquet_readonly</profile>
      <quota>default</quota>
      <grants>
        <query>GRANT SELECT ON tourniquet.*</query>
      </grants>
    </tourniquet_grafana>
  </users>
</clickhouse>
XML

cat > .env <<ENV
COMPOSE_PROJECT_NAME=tourniquet
TOURNIQUET_ADMIN_KEY_SHA256=$(hash_of admin_key)
TOURNIQUET_ANALYST_KEY_SHA256=$(hash_of analyst_key)
TOURNIQUET_OTLP_KEY_SHA256=$(hash_of otlp_key)
TOURNIQUET_PUSH_KEY_SHA256=$(hash_of push_key)
ENV
chmod 644 secrets/*
echo "made deploy/secrets and deploy/.env; the API keys are in secrets/admin_key, analyst_key, otlp_key and push_key"
