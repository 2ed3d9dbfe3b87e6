using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Cli.Commands;

internal static class Inputs
{
    public static Option<string?> Server() => new("--server")
    {
        Description = $"Address of the server [default: $SHARERPC_SERVER, else {Serve.DefaultUrl}]", HelpName = "URL",
    };

    public static Option<string?> TokenFile() => new("--token-file")
    {
        Description =
            "File with a root or creator token [default: $SHARERPC_TOKEN_FILE, else the token last used with this "
            + $"server, else ./{Serve.DefaultData}/root.token]",
        HelpName = "FILE",
    };

    public static Argument<ShareLink?> Link(string description) =>
        new("LINK") { Description = description, CustomParser = ParseLink };

    public static ShareLink? ParseLink(ArgumentResult result)
    {
        if (ShareLink.TryParse(result.Tokens.Count == 1 ? result.Tokens[0].Value.Trim() : null, out ShareLink? link))
            return link;
        result.AddError(
            "This is not a complete share link. A link looks like http://host/s/ID#srpc_... and must be quoted.");
        return null;
    }

    public static ShareLink? ParseNamedLink(ArgumentResult result)
    {
        ShareLink? link = ParseLink(result);
        if (link is not { ShareId: "" }) return link;
        result.AddError("This is the read-only link that opencode shows. Use a link with /s/ in it.");
        return null;
    }

    public static Uri? ParseAddress(ArgumentResult result)
    {
        if (Uri.TryCreate(result.Tokens.Count == 1 ? result.Tokens[0].Value : null, UriKind.Absolute, out Uri? uri)
            && uri.Scheme is "http" or "https") return uri;
        result.AddError("This is not an address such as https://share.example.org.");
        return null;
    }

    /// <summary>Parses a number of bytes: 512MB or 2GB, in units of 1024.</summary>
    public static long? ParseSize(ArgumentResult result)
    {
        string text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
        int power = text.EndsWith("GB", StringComparison.OrdinalIgnoreCase) ? 30
            : text.EndsWith("MB", StringComparison.OrdinalIgnoreCase) ? 20 : 0;
        bool isNumber = long.TryParse(text[..^(power == 0 ? 0 : 2)], NumberStyles.None, CultureInfo.InvariantCulture, out long number);
        if (isNumber && power > 0 && number is > 0 and < 1L << 30) return number << power;
        result.AddError("This is not a size such as 256MB or 2GB.");
        return null;
    }

    /// <summary>Accepts 30m, 12h or 7d.</summary>
    public static Option<TimeSpan?> Time(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "TIME",
        CustomParser = result =>
        {
            string text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
            bool isNumber = int.TryParse(text.AsSpan(0, Math.Max(0, text.Length - 1)), NumberStyles.None,
                CultureInfo.InvariantCulture,
                out int count);
            double minutes = text.Length < 2 ? 0 : text[^1] switch { 'm' => 1, 'h' => 60, 'd' => 1440, _ => 0 };
            if (isNumber && count is > 0 and < 100_000 && minutes > 0) return TimeSpan.FromMinutes(count * minutes);
            result.AddError($"{name} must be a number with m, h or d, for example 30m, 12h or 7d.");
            return null;
        },
    };

    public static Option<string[]?> Words(string name, string description, string helpName) => new(name)
    {
        Description = description, HelpName = helpName,
        CustomParser = result => [.. result.Tokens.SelectMany(token =>
            token.Value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))],
    };

    public static Option<string?> Label(string description) =>
        new("--label") { Description = description, HelpName = "TEXT" };

    public static Option<bool> Yes() => new("--yes") { Description = "Does not ask for confirmation" };

    public static Argument<string> Capability() => new("LINK|CAP_ID")
    {
        Description = "A link, or a cap id from sharerpc who or sharerpc agent ls",
    };

    public static Argument<string> Share() =>
        new("SHARE") { Description = "Share id, a link of the share, or session id" };

    public static void CheckLabel(CommandResult result, Option<string?> option)
    {
        if (result.GetValue(option) is { Length: > 200 }) result.AddError("--label must have at most 200 characters.");
    }

    public static void CheckCapability(CommandResult result, Argument<string> target)
    {
        string text = result.GetValue(target) ?? "";
        if (!ShareLink.TryParse(text, out _) && !RandomId.IsValid(text))
            result.AddError("This is neither a complete link nor a cap id (22 letters and digits).");
    }

    /// <summary>Checks for more than 0 s and less than one day.</summary>
    public static void CheckSeconds(CommandResult result, Option<double> option)
    {
        if (result.GetResult(option) is not null && result.GetValue(option) is not (> 0 and < 86_400))
            result.AddError($"{option.Name} must be a number of seconds, more than 0 and less than 86,400.");
    }

    /// <summary>Throws a usage error for an invalid address.</summary>
    public static Uri ServerAddress(string? given)
    {
        string address = given ?? Environment.GetEnvironmentVariable("SHARERPC_SERVER") ?? Serve.DefaultUrl;
        if (Uri.TryCreate(address, UriKind.Absolute, out Uri? uri) && uri.Scheme is "http" or "https") return uri;
        throw new CliException(ExitCode.Usage, "--server must be an address such as http://127.0.0.1:8787.");
    }
}
