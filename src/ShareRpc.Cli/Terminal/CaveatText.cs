using System.Globalization;
using ShareRpc.Protocol.Rpc;

namespace ShareRpc.Cli.Terminal;

/// <summary>Caveats, moments and states in words.</summary>
internal static class CaveatText
{
    public static string When(long ms) =>
        DateTimeOffset.FromUnixTimeMilliseconds(ms).ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);

    public static string When(long? ms) => ms is { } moment ? When(moment) : "never";

    /// <summary>What narrows a ref by itself; empty when nothing does.</summary>
    public static string Of(CapabilityInfo capability)
    {
        Caveats caveats = capability.Caveats;
        var parts = new List<string>();
        if (caveats.ExpiresAtMs is { } end) parts.Add($"until {When(end)}");
        if (caveats.UnusedExpiresAtMs is { } unused && capability.LastRedeemedMs is null) parts.Add($"to be used by {When(unused)}");
        if (caveats.MaxUses is { } uses) parts.Add($"used {capability.Uses ?? 0} of {uses}");
        if (capability.Passphrase == true) parts.Add("passphrase");
        if (caveats.Redact is { Count: > 0 } redact) parts.Add($"no {string.Join('/', redact)}");
        if (caveats.Readable is { } readable) parts.Add($"reads {string.Join('/', readable.Keys)}");
        if (caveats.AppendKinds is { } kinds) parts.Add($"appends {string.Join('/', kinds)}");
        if (caveats.MaxOpsPerDay is { } ops) parts.Add($"{ops} ops a day");
        if (caveats.MaxBytesPerDay is { } bytes) parts.Add($"{bytes} bytes a day");
        return string.Join(", ", parts);
    }
}
