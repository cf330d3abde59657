# What a Vault policy needs for an operator who switches the audit log on with the command below; the audit device itself is not
# part of Vault's configuration file.
#
#   vault audit enable file file_path=/var/log/vault/audit.log log_raw=false hmac_accessor=true
#   vault write sys/config/auditing/request-headers/user-agent hmac=false
path "sys/audit/*" {
  capabilities = ["create", "update", "sudo"]
}
path "sys/config/auditing/request-headers/*" {
  capabilities = ["create", "update", "sudo"]
}
