"""Makes the Markdown table of bench.sh: who took how long, how many connections, which pairs."""
import json
import pathlib
import re
import statistics
import sys
import xml.etree.ElementTree as xml

names = {}  # of a suite, by its name in the registry: its number
source = pathlib.Path(__file__).parents[2] / "ciphersuite" / "names.go"
for number, name in re.findall(r'\{0x([0-9a-f]{4}), "([^"]+)"\}', source.read_text()):
    names[name] = int(number, 16)
versions = {"SSLv3": "SSL 3.0", "TLSv1.0": "1.0", "TLSv1": "1.0", "TLSv1.1": "1.1", "TLSv1.2": "1.2", "TLSv1.3": "1.3"}


def pairs(tool, file):
    """The pairs of version and suite that a tool has listed; None: it lists none."""
    text = pathlib.Path(file + ".txt").read_text(errors="replace")
    if tool.startswith("casdoctor"):
        if "health" in tool:
            return None
        seen = json.loads(text)["seen"]["suites"]
        return {(s["version"], s["id"]) for s in seen.get("value") or []}
    if tool.startswith("nmap"):
        found = set()
        for table in xml.fromstring(text).iter("table"):
            if table.get("key") in versions:
                for elem in table.iter("elem"):
                    if elem.get("key") == "name":
                        name = elem.text.removeprefix("TLS_AKE_WITH_").removeprefix("TLS_")
                        found.add((versions[table.get("key")], names[name]))
        return found
    if tool.startswith("sslscan"):
        return {(versions[c.get("sslversion")], int(c.get("id"), 16)) for c in xml.fromstring(text).iter("cipher")}
    found = set()
    for line in json.loads(pathlib.Path(file + ".json").read_text()):
        m = re.match(r"(SSLv3|TLS(?: |v)1(?:\.\d)?)\s+x([0-9a-f]{2,4})\s", line["finding"])
        if m and line["id"].startswith("cipher"):
            found.add((versions[m[1].replace(" ", "v")], int(m[2], 16)))
    return found


groups = {}
for line in open(sys.argv[1]):
    rtt, port, title, tool, wall, syns, file = line.rstrip("\n").split("|")
    groups.setdefault((int(rtt), int(port), title), {}).setdefault(tool, []).append((float(wall), int(syns), file))
print("| Round trip | Server | Tool | Wall | of it asking | Connections | Pairs | Differences to casdoctor |")
print("|---|---|---|---|---|---|---|---|")
failed = False
ratios = []
for (rtt, _, title), tools in groups.items():
    if "casdoctor, exact" not in tools:  # cut off
        continue
    base = pairs("casdoctor, exact", tools["casdoctor, exact"][-1][2])
    walls = {tool: statistics.median(r[0] for r in runs) for tool, runs in tools.items()}
    peers = {tool: wall for tool, wall in walls.items() if not tool.startswith("casdoctor")}
    if peers:
        fastest = min(peers, key=peers.get)
        ratios += [(rtt, title, tool, walls[tool], fastest, peers[fastest]) for tool in walls if tool.startswith("casdoctor, exact")]
    for tool, runs in tools.items():
        got = pairs(tool, runs[-1][2])
        differs = "" if got is None else "none"
        if got is not None and got != base:
            less, more = base - got, got - base
            differs = ", ".join(f"{len(part)} {word}" for part, word in ((less, "missing"), (more, "more")) if part)
            if less and not more and {v for v, _ in less} == {"SSL 3.0"} and tool.startswith("sslscan"):
                differs += " (all of SSL 3.0, which sslscan does not list)"
            else:
                failed = True
                print(f"{tool}: {sorted(less)} missing, {sorted(more)} more", file=sys.stderr)
        counts = sorted({r[1] for r in runs})
        count = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
        asking = ""
        if tool.startswith("casdoctor"):
            took = [json.loads(pathlib.Path(r[2] + ".txt").read_text())["took_ms"] for r in runs]
            asking = f"{statistics.median(took) / 1000:.3f} s"
        print(f"| {rtt} ms | {title} | {tool} | {walls[tool]:.3f} s | {asking} | {count} | {len(got) if got is not None else ''} | {differs} |")
print("\n| Round trip | Server | casdoctor | Wall | Fastest other tool | Wall | Ratio |")
print("|---|---|---|---|---|---|---|")
for rtt, title, tool, ours, fastest, theirs in ratios:
    print(f"| {rtt} ms | {title} | {tool} | {ours:.3f} s | {fastest} | {theirs:.3f} s | {ours / theirs:.2f} |")
print()
sys.exit(failed)
