using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using ShareRpc.Cli.Terminal;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Cli.Commands;

internal static class Inputs
{
    private const string NoLink =
        "This is not a complete share link. A link looks like http://host/s/ID#srpc_... and must be quoted.";

    private const string NoCapability = "This is neither a complete link nor a cap id (22 letters and digits).";

    public static Option<string?> Server() => new("--server")
    {
        Description = "Address of the server [default: $SHARERPC_SERVER, else that of the last share --server, else "
            + $"{Serve.DefaultUrl}]",
        HelpName = "URL",
    };

    public static Option<string?> TokenFile() => new("--token-file")
    {
        Description =
            "File with a root or creator token, or - for a line of standard input [default: $SHARERPC_TOKEN_FILE, else "
            + $"the token last used with this server, else ./{Serve.DefaultData}/root.token]",
        HelpName = "FILE",
    };

    public static Argument<string> Link(string description)
    {
        var link = new Argument<string>("LINK") { Description = $"{description}, or - for a line of standard input" };
        link.Validators.Add(result =>
        {
            if (FaultOf(result.Tokens.Count == 1 ? result.Tokens[0].Value : "", isNamed: false) is { } fault)
                result.AddError(fault);
        });
        return link;
    }

    /// <summary>Creates an option for a link that names its share.</summary>
    public static Option<string?> NamedLink(string name, string description)
    {
        var link = new Option<string?>(name)
        {
            Description = $"{description}; - for a line of standard input", HelpName = "LINK",
        };
        link.Validators.Add(result =>
        {
            if (FaultOf(result.Tokens.Count == 1 ? result.Tokens[0].Value : "", isNamed: true) is { } fault)
                result.AddError(fault);
        });
        return link;
    }

    /// <summary>Returns the link of an argument or of standard input; throws a usage error if it is none.</summary>
    public static ShareLink ReadLink(CommandContext context, string text, bool isNamed = false)
    {
        string read = text == StandardInput.Dash ? StandardInput.ReadLine(context.Output, "link") : text;
        if (FaultOf(read, isNamed) is { } fault) throw new CliException(ExitCode.Usage, fault);
        return LinkFinder.TryFind(read, out ShareLink? link) ? link : throw new CliException(ExitCode.Usage, NoLink);
    }

    /// <summary>
    /// Returns the name of a share or ref from an argument or from standard input; of a text with a link, the link as
    /// it was made.
    /// </summary>
    public static string ReadTarget(CommandContext context, string text)
    {
        string read = (text == StandardInput.Dash ? StandardInput.ReadLine(context.Output, "link or id") : text).Trim();
        return LinkFinder.TryFind(read, out ShareLink? link) ? link.Reveal() : read;
    }

    /// <summary>Returns the ref that an argument or standard input names; throws a usage error if it is none.</summary>
    public static string ReadCapability(CommandContext context, string text)
    {
        string target = ReadTarget(context, text);
        if (!IsCapability(target)) throw new CliException(ExitCode.Usage, NoCapability);
        return target;
    }

    /// <summary>Returns a number of bytes, of 512MB or 2GB, in units of 1024; null if it is none.</summary>
    public static long? SizeOf(string text)
    {
        int power = text.EndsWith("GB", StringComparison.OrdinalIgnoreCase) ? 30
            : text.EndsWith("MB", StringComparison.OrdinalIgnoreCase) ? 20 : 0;
        bool isNumber = long.TryParse(text[..^(power == 0 ? 0 : 2)], NumberStyles.None, CultureInfo.InvariantCulture,
            out long number);
        return isNumber && power > 0 && number is > 0 and < 1L << 30 ? number << power : null;
    }

    /// <summary>Accepts 30m, 12h or 7d.</summary>
    public static Option<TimeSpan?> Time(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "TIME",
        CustomParser = result =>
        {
            if (Period(result) is { } period) return period;
            result.AddError($"{name} must be a number with m, h or d, for example 30m, 12h or 7d.");
            return null;
        },
    };

    /// <summary>Accepts a time ago, as 7d, or a date with or without a time, in UTC unless it says otherwise.</summary>
    public static Option<DateTimeOffset?> Moment(string name, string description) => new(name)
    {
        Description = $"{description}: a date, with or without a time (UTC), or how long ago, as 7d",
        HelpName = "TIME",
        CustomParser = result =>
        {
            if (Period(result) is { } period) return TimeProvider.System.GetUtcNow() - period;
            const DateTimeStyles Utc = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
            bool isDate = DateTimeOffset.TryParse(result.Tokens.Count == 1 ? result.Tokens[0].Value : "",
                CultureInfo.InvariantCulture, Utc, out DateTimeOffset moment);
            if (isDate && moment >= DateTimeOffset.UnixEpoch) return moment;
            result.AddError($"{name} must be a date, such as 2026-11-30 or 2026-11-30T08:15, or a time ago: 12h.");
            return null;
        },
    };

    private static TimeSpan? Period(ArgumentResult result) =>
        PeriodOf(result.Tokens.Count == 1 ? result.Tokens[0].Value : "");

    /// <summary>Returns the time of 30m, 12h or 7d; null if it is none.</summary>
    public static TimeSpan? PeriodOf(string text)
    {
        bool isNumber = int.TryParse(text.AsSpan(0, Math.Max(0, text.Length - 1)), NumberStyles.None,
            CultureInfo.InvariantCulture, out int count);
        double minutes = text.Length < 2 ? 0 : text[^1] switch { 'm' => 1, 'h' => 60, 'd' => 1440, _ => 0 };
        return isNumber && count is > 0 and < 100_000 && minutes > 0 ? TimeSpan.FromMinutes(count * minutes) : null;
    }

    public static Option<string[]?> Words(string name, string description, string helpName) => new(name)
    {
        Description = description, HelpName = helpName,
        CustomParser = result => [.. result.Tokens.SelectMany(token =>
            token.Value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))],
    };

    public static Option<string?> Label(string description) =>
        new("--label") { Description = description, HelpName = "TEXT" };

    public static Option<bool> Yes() => new("--yes") { Description = "Does not ask for confirmation" };

    public static Argument<string> Capability()
    {
        var target = new Argument<string>("LINK|CAP_ID")
        {
            Description = "A link, a cap id from sharerpc who or sharerpc agent ls, or - for a line of standard input",
        };
        target.Validators.Add(result =>
        {
            string text = result.Tokens.Count == 1 ? result.Tokens[0].Value.Trim() : "";
            if (text != StandardInput.Dash && !IsCapability(text)) result.AddError(NoCapability);
        });
        return target;
    }

    public static Argument<string> Share() => new("SHARE")
    {
        Description = "Share id, a link of the share, session id, or - for a line of standard input",
    };

    public static void CheckLabel(CommandResult result, Option<string?> option)
    {
        if (result.GetValue(option) is { Length: > 200 }) result.AddError("--label must have at most 200 characters.");
    }

    /// <summary>Checks that an option is a number of seconds, more than 0 and less than a day.</summary>
    public static void CheckSeconds(CommandResult result, Option<double> option)
    {
        if (result.GetResult(option) is not null && result.GetValue(option) is not (> 0 and < 86_400))
            result.AddError($"{option.Name} must be a number of seconds, more than 0 and less than 86,400.");
    }

    /// <summary>Returns the address of the server; throws a usage error if it is no address.</summary>
    public static Uri ServerAddress(CommandContext context, string? given)
    {
        string? address = given ?? Environment.GetEnvironmentVariable("SHARERPC_SERVER");
        if (address is null) return context.State.FindServer() ?? new Uri(Serve.DefaultUrl);
        if (Uri.TryCreate(address, UriKind.Absolute, out Uri? uri) && uri.Scheme is "http" or "https") return uri;
        throw new CliException(ExitCode.Usage, "--server must be an address such as http://127.0.0.1:8787.");
    }

    private static bool IsCapability(string text) => RandomId.IsValid(text) || LinkFinder.TryFind(text, out _);

    /// <summary>Returns why a text is no link; null if it is one, or stands for one of standard input.</summary>
    private static string? FaultOf(string text, bool isNamed)
    {
        if (text == StandardInput.Dash) return null;
        if (!LinkFinder.TryFind(text, out ShareLink? link)) return NoLink;
        return isNamed && link.ShareId.Length == 0
            ? "This is the read-only link that opencode shows. Use a link with /s/ in it." : null;
    }
}
