using System.Diagnostics.Metrics;
using System.Text.Json;
using System.Text.RegularExpressions;
using ShareRpc.Client;
using ShareRpc.Tests.MainJob;
using ShareRpc.Tests.Protocol.Vectors;

namespace ShareRpc.Tests.Cli.Telemetry;

/// <summary>docs/operating.md, its alerts and the dashboard, against the instruments that there are.</summary>
public sealed partial class OperatingPageTests
{
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token;

    [Fact]
    public async Task The_page_lists_every_metric_with_its_form()
    {
        var there = new SortedDictionary<string, string>(StringComparer.Ordinal);
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (instrument.Meter.Name != "ShareRpc") return;
            lock (there) there[instrument.Name] = FormOf(instrument);
        };
        listener.Start();
        await using RunningServer server = await RunningServer.StartAsync();
        await using ShareClient client =
            await ShareClient.OpenAsync(server.ClientOptions("metrics"), send: false, cancellationToken: timeout);

        Dictionary<string, string> listed = Listed().ToDictionary(row => row.Name, row => row.Form);
        lock (there) Assert.Equal(there, new SortedDictionary<string, string>(listed, StringComparer.Ordinal));
    }

    [Fact]
    public void Alerts_and_dashboard_use_only_metrics_that_there_are()
    {
        HashSet<string> exported = [.. Listed().SelectMany(row => ExportedAs(row.Name, row.Form))];
        string page = Page();
        string alerts = page[page.IndexOf("```yaml", StringComparison.Ordinal)..page.LastIndexOf("```",
            StringComparison.Ordinal)];
        string[] names = [.. Exported().Matches(alerts).Select(match => match.Value)];
        Assert.True(names.Length >= 4);
        Assert.All(names, name => Assert.Contains(name, exported));

        using var dashboard = JsonDocument.Parse(
            File.ReadAllText(RepositoryRoot.Path("docs", "grafana", "sharerpc.json")));
        string[] queries = [.. dashboard.RootElement.GetProperty("panels").EnumerateArray()
            .SelectMany(panel => panel.GetProperty("targets").EnumerateArray())
            .Select(target => target.GetProperty("expr").GetString()!)];
        Assert.NotEmpty(queries);
        Assert.All(queries, query => Assert.All(Exported().Matches(query),
            match => Assert.Contains(match.Value, exported)));
        string all = string.Concat(queries);
        Assert.All(Listed().Where(row => row.Name is not ("sharerpc.shares.open" or "sharerpc.queue.size"
            or "sharerpc.loop.failures")), row => Assert.True(
            ExportedAs(row.Name, row.Form).Any(name => all.Contains(name, StringComparison.Ordinal)), row.Name));
    }

    private static string Page() => File.ReadAllText(RepositoryRoot.Path("docs", "operating.md"));

    private static IEnumerable<(string Name, string Form)> Listed() => Row().Matches(Page())
        .Select(match => (match.Groups[1].Value, match.Groups[2].Value));

    private static string FormOf(Instrument instrument)
    {
        string form = instrument switch
        {
            Counter<long> => "counter",
            Histogram<double> => "histogram",
            _ => "gauge",
        };
        return instrument.Unit is "s" or "By" ? $"{form}, {instrument.Unit}" : form;
    }

    private static IEnumerable<string> ExportedAs(string name, string form)
    {
        string unit = form.EndsWith(", s", StringComparison.Ordinal) ? "_seconds"
            : form.EndsWith(", By", StringComparison.Ordinal) ? "_bytes" : "";
        string exported = name.Replace('.', '_') + unit;
        if (form.StartsWith("histogram", StringComparison.Ordinal))
            return [$"{exported}_bucket", $"{exported}_count", $"{exported}_sum"];
        return [form == "counter" ? $"{exported}_total" : exported];
    }

    [GeneratedRegex(@"^\| `(sharerpc[a-z_.]+)` \| ([^|]+) \|", RegexOptions.Multiline, 1000)]
    private static partial Regex Row();

    [GeneratedRegex("sharerpc_[a-z_]+", RegexOptions.None, 1000)]
    private static partial Regex Exported();
}
