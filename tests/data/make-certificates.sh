#!/bin/sh
# SPDX-FileCopyrightText: The Lightscale developers
# SPDX-License-Identifier: GPL-3.0-or-later
# Makes certificates for tests in the folder $1: a CA (ca.pem), and signed by it good, expired, future and
# other-host; self-signed is signed by itself. Each NAME.pem holds certificate and key. Needs openssl.
set -eu
cd "$1"

openssl ecparam -name prime256v1 -genkey -noout -out key.pem
openssl req -x509 -new -key key.pem -days 30 -subj '/CN=Test CA' -out ca.pem
openssl req -x509 -new -key key.pem -days 30 -subj '/CN=self' -addext 'subjectAltName=IP:127.0.0.1' \
  -out self-signed.crt
cat self-signed.crt key.pem > self-signed.pem

cat > ca.conf <<EOF
[ca]
default_ca = test
[test]
database = index.txt
new_certs_dir = .
serial = serial
private_key = key.pem
certificate = ca.pem
default_md = sha256
policy = any
unique_subject = no
copy_extensions = copy
[any]
commonName = supplied
EOF
: > index.txt
echo 01 > serial

# NAME SAN START END
make_one () {
  openssl req -new -key key.pem -subj "/CN=$1" -addext "subjectAltName=$2" -out "$1.csr"
  openssl ca -batch -notext -config ca.conf -in "$1.csr" -startdate "$3" -enddate "$4" -out "$1.crt"
  cat "$1.crt" key.pem > "$1.pem"
}
make_one good IP:127.0.0.1 20200101000000Z 20491231000000Z
make_one expired IP:127.0.0.1 20200101000000Z 20210101000000Z
make_one future IP:127.0.0.1 20480101000000Z 20491231000000Z
make_one other-host DNS:other.example.com 20200101000000Z 20491231000000Z
