package guide

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/report"
)

// The services, as probes name them.
const (
	graphService  = "graph"
	googleService = "google"
)

// Consent are the pages where an administrator grants the permissions to the clients of a
// configuration.
func Consent(cfg *config.Config, grants []report.Grant) ([]report.Link, error) {
	var out []report.Link
	if cfg.Microsoft365 != nil && of(grants, graphService) != nil {
		out = append(out, graphConsent(cfg.Microsoft365))
	}
	if cfg.Google != nil && of(grants, googleService) != nil {
		out = append(out, googleConsent(cfg.Google, of(grants, googleService)))
	}
	if out == nil {
		return nil, errors.New("there is nothing to consent to: the configuration has no section of a service that these checks ask")
	}
	return out, nil
}

// graphConsent follows Microsoft Entra, "Grant tenant-wide admin consent to an application".
func graphConsent(m *config.Microsoft365) report.Link {
	l := report.Link{Service: graphService}
	switch {
	case m.Credentials.AzureCLI:
		l.What = checks.Text{
			EN: "With azure_cli casdoctor may read what the person may who is signed in to the Azure CLI. There is nothing to consent to.",
			JA: "azure_cli では、Azure CLI にサインインしている人の権限で読み取ります。同意の操作はありません。",
		}
	case m.Credentials.ManagedIdentity:
		l.What = checks.Text{
			EN: "A managed identity has no consent page. Assign the application permissions to it as app roles of Microsoft Graph (New-MgServicePrincipalAppRoleAssignment).",
			JA: "マネージド ID には同意のページがありません。Microsoft Graph のアプリ ロールとして割り当ててください (New-MgServicePrincipalAppRoleAssignment)。",
		}
	default:
		l.URL = strings.TrimSuffix(m.Endpoints.Login, "/") + "/" + url.PathEscape(m.TenantID) +
			"/adminconsent?client_id=" + url.QueryEscape(m.Credentials.ClientID)
		l.What = checks.Text{
			EN: "Add the permissions to the app registration first. Then open this link as a Global Administrator or Privileged Role Administrator and compare what the page lists with casdoctor permissions. It grants what the registration asks for, and takes back what was granted to it before and is not asked for any more.",
			JA: "先にアプリ登録に許可を追加してください。次に、グローバル管理者または特権ロール管理者としてこのリンクを開き、表示された内容を casdoctor permissions の一覧と比べてから同意します。アプリ登録が要求している許可が付与され、以前に付与されて現在は要求していない許可は取り消されます。",
		}
	}
	return l
}

// googleConsent opens the Admin console's form for domain-wide delegation, filled in. It
// leaves overwriteClientId out: that replaces the scopes that the client has.
func googleConsent(g *config.Google, grants []report.Grant) report.Link {
	var scopes []string
	for _, p := range grants {
		// A second opinion is not worth a scope that can do more than read.
		if strings.HasPrefix(p.Name, "https://") && (!p.Optional || strings.HasSuffix(p.Name, ".readonly")) {
			scopes = append(scopes, p.Name)
		}
	}
	if g.CredentialsOf == config.OfCAS { // the client has scopes of its own, which it keeps
		scopes = appendNew(scopes, g.GrantedScopes.Items...)
	}
	l := report.Link{
		Service: googleService,
		URL:     "https://admin.google.com/ac/owl/domainwidedelegation?clientScopeToAdd=" + url.QueryEscape(strings.Join(scopes, ",")),
		What: checks.Text{
			EN: "Open this link as a super admin, look at the client and the scopes, and authorise. If the client is listed already, edit its row and add what is missing there.",
			JA: "特権管理者としてこのリンクを開き、クライアントとスコープを確認して承認します。クライアントが既に登録されている場合は、その行を編集して不足分を追加してください。",
		},
	}
	var key struct {
		ClientID string `json:"client_id"`
	}
	if json.Unmarshal(g.Credentials.ServiceAccountKey.Reveal(), &key) == nil && key.ClientID != "" {
		l.URL += "&clientIdToAdd=" + url.QueryEscape(key.ClientID)
	} else {
		l.What.EN += " Fill in the client ID: it is the numeric Unique ID of the service account in the Google Cloud console."
		l.What.JA += "クライアント ID には、Google Cloud コンソールに表示されるサービスアカウントの一意の ID (数字) を入力します。"
	}
	return l
}

// The kinds of script.
const (
	AzureCLI   = "az"
	PowerShell = "powershell"
)

// Script creates the app registration with exactly the permissions of Microsoft Graph among
// the grants. The ids of the permissions are asked of the tenant itself, by their names; the
// script makes no secret, so it has none to show.
func Script(kind string, grants []report.Grant) (string, error) {
	graph := of(grants, graphService)
	if graph == nil {
		return "", errors.New("these checks need no permission of Microsoft Graph, so there is no app registration to create")
	}
	var script string
	indent, quote := "  ", ""
	switch kind {
	case AzureCLI:
		script = azScript
	case PowerShell:
		script, indent, quote = powershellScript, "    ", "'"
	default:
		return "", fmt.Errorf("--script is %s or %s, not %q", AzureCLI, PowerShell, kind)
	}
	var lines strings.Builder
	for _, g := range graph {
		line := quote + g.Name + quote
		if g.Optional {
			line = "# " + line + " # optional: a second opinion"
		}
		lines.WriteString(indent + line + "\n")
	}
	return strings.Replace(script, "PERMISSIONS\n", lines.String(), 1), nil
}

func of(grants []report.Grant, service string) []report.Grant {
	var out []report.Grant
	for _, g := range grants {
		if g.Service == service {
			out = append(out, g)
		}
	}
	return slices.Clip(out)
}

// graphID is Microsoft Graph's own client id, the same in every tenant and cloud (Microsoft
// Entra, "Verify first-party Microsoft applications in sign-in reports").
const graphID = "00000003-0000-0000-c000-000000000000"

const azScript = `#!/usr/bin/env bash
# Creates the app registration that casdoctor signs in with, and nothing else: these application
# permissions of Microsoft Graph, none of which can change anything, and no secret.
# Usage: az login --allow-no-subscriptions && bash FILE [NAME]
# The permissions: https://learn.microsoft.com/en-us/graph/permissions-reference
set -euo pipefail

name=${1:-casdoctor}
graph=` + graphID + ` # Microsoft Graph
permissions=(
PERMISSIONS
)

quote="'"
if [[ -n $(az ad app list --filter "displayName eq '${name//$quote/$quote$quote}'" --query '[].appId' --output tsv) ]]; then
  echo "there is an app registration called $name already; name another one" >&2
  exit 1
fi
roles=$(az ad sp show --id "$graph" --output tsv \
  --query "appRoles[?contains(allowedMemberTypes, 'Application')].[value, id]")
access=()
for permission in "${permissions[@]}"; do
  id=$(awk -v p="$permission" '$1 == p { print $2 }' <<<"$roles")
  if [[ -z $id ]]; then
    echo "Microsoft Graph has no application permission $permission in this cloud" >&2
    exit 1
  fi
  access+=("$id=Role")
done

app=$(az ad app create --display-name "$name" --sign-in-audience AzureADMyOrg --query appId --output tsv)
az ad sp create --id "$app" --output none
az ad app permission add --id "$app" --api "$graph" --api-permissions "${access[@]}" --output none --only-show-errors

tenant=$(az account show --query tenantId --output tsv)
login=$(az cloud show --query endpoints.activeDirectory --output tsv)
cat <<NEXT
tenant_id: $tenant
client_id: $app

Next, as a Global Administrator or Privileged Role Administrator, look at what is asked for and consent:
${login%/}/$tenant/adminconsent?client_id=$app
Then give the app a certificate or a client secret, in the portal or with az ad app credential reset.
NEXT
`

const powershellScript = `#Requires -Modules Microsoft.Graph.Authentication, Microsoft.Graph.Applications
# Creates the app registration that casdoctor signs in with, and nothing else: these application
# permissions of Microsoft Graph, none of which can change anything, and no secret.
# Environments besides Global: USGov, USGovDoD, China.
# The permissions: https://learn.microsoft.com/en-us/graph/permissions-reference
param(
    [string] $Name = 'casdoctor',
    [string] $Environment = 'Global'
)
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version Latest

$permissions = @(
PERMISSIONS
)

Connect-MgGraph -Scopes 'Application.ReadWrite.All' -Environment $Environment -NoWelcome
if (Get-MgApplication -Filter "displayName eq '$($Name.Replace("'", "''"))'") {
    throw "There is an app registration called $Name already; name another one."
}
$graph = Get-MgServicePrincipal -Filter "appId eq '` + graphID + `'" -Property Id, AppId, AppRoles
$access = foreach ($permission in $permissions) {
    $role = $graph.AppRoles | Where-Object { $_.Value -eq $permission -and $_.AllowedMemberTypes -contains 'Application' }
    if (-not $role) {
        throw "Microsoft Graph has no application permission $permission in this cloud."
    }
    @{ Id = $role.Id; Type = 'Role' }
}

$app = New-MgApplication -DisplayName $Name -SignInAudience 'AzureADMyOrg' -RequiredResourceAccess @(
    @{ ResourceAppId = $graph.AppId; ResourceAccess = @($access) }
)
New-MgServicePrincipal -AppId $app.AppId | Out-Null

$context = Get-MgContext
$login = (Get-MgEnvironment -Name $context.Environment).AzureADEndpoint.TrimEnd('/')
"tenant_id: $($context.TenantId)"
"client_id: $($app.AppId)"
''
'Next, as a Global Administrator or Privileged Role Administrator, look at what is asked for and consent:'
"$login/$($context.TenantId)/adminconsent?client_id=$($app.AppId)"
'Then give the app a certificate or a client secret, in the portal.'
`
