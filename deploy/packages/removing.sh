#!/bin/sh
# Before removing, and not before upgrading: dpkg says "upgrade", rpm counts what stays (1).
# What the agent remembers (/var/lib/private/casdoctor) and the configuration stay.
set -e
case "$1" in upgrade|1) exit 0 ;; esac
[ -d /run/systemd/system ] || exit 0
systemctl disable --now casdoctor-agent.service
