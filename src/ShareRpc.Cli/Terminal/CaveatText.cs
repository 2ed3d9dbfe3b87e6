using System.Globalization;
using ShareRpc.Protocol.Messages;

namespace ShareRpc.Cli.Terminal;

internal static class CaveatText
{
    public static string When(long ms) =>
        DateTimeOffset.FromUnixTimeMilliseconds(ms).ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);

    public static string When(long? ms) => ms is { } moment ? When(moment) : "never";

    public static string Of(CapabilityInfo capability)
    {
        bool wasUsed = capability.LastRedeemedMs is not null;
        string text = Of(capability.Caveats, capability.Uses ?? 0, capability.Passphrase == true, wasUsed);
        return capability.Grant == true ? $"grant, {text}" : text;
    }

    public static string Of(Caveats caveats, bool hasPassphrase) => Of(caveats, 0, hasPassphrase, wasUsed: false);

    private static string Of(Caveats caveats, long used, bool hasPassphrase, bool wasUsed)
    {
        var parts = new List<string>();
        if (caveats.ExpiresAtMs is { } end) parts.Add($"until {When(end)}");
        if (caveats.UnusedExpiresAtMs is { } unused && !wasUsed) parts.Add($"to be used by {When(unused)}");
        if (caveats.MaxUses is { } uses) parts.Add($"used {used} of {uses}");
        if (caveats.GrantMs is { } grant) parts.Add($"may come back for {grant / 60_000} min");
        if (hasPassphrase) parts.Add("passphrase");
        if (caveats.Redact is { Count: > 0 } redact) parts.Add($"no {string.Join('/', redact)}");
        if (caveats.NoComments == true) parts.Add("no comments");
        if (caveats.Readable is { } readable) parts.Add($"reads {string.Join('/', readable.Keys)}");
        if (caveats.AppendKinds is { } kinds) parts.Add($"appends {string.Join('/', kinds)}");
        if (caveats.MaxOpsPerDay is { } ops) parts.Add($"{ops} ops a day");
        if (caveats.MaxBytesPerDay is { } bytes) parts.Add($"{bytes} bytes a day");
        if (caveats.MaxShares is { } shares) parts.Add($"at most {shares} share(s)");
        if (caveats.MaxBytes is { } room) parts.Add($"at most {room} bytes in all");
        return string.Join(", ", parts);
    }
}
