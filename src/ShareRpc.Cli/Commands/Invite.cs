using System.CommandLine;
using System.CommandLine.Parsing;
using ShareRpc.Cli.Administration;
using ShareRpc.Cli.State;
using ShareRpc.Cli.Terminal;
using ShareRpc.Client.Writing;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;
using Spectre.Console;

namespace ShareRpc.Cli.Commands;

internal static class Invite
{
    private static readonly TimeSpan SendTime = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan AuthorStay = TimeSpan.FromDays(90);
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(250);
    private static readonly Argument<string> Target = Inputs.Share();
    private static readonly Option<string?> Server = Inputs.Server();
    private static readonly Option<string?> TokenFile = Inputs.TokenFile();
    private static readonly Option<string?> Label =
        Inputs.Label("Name in sharerpc who, at most 200 characters [default: invitation]");

    private static readonly Option<string> RightsOption = new("--rights")
    {
        Description = "read, or append to read and to continue the share (share --into LINK)", HelpName = "RIGHTS",
        DefaultValueFactory = _ => "read",
    };

    private static readonly Option<TimeSpan?> Expires =
        Inputs.Time("--expires", "Time until the link expires: 30m, 12h or 7d [default: never]");

    private static readonly Option<TimeSpan?> ExpiresUnused =
        Inputs.Time("--expires-unused", "Time until the link expires if it has not been opened [default: never]");

    private static readonly Option<int?> MaxUses = new("--max-uses") { Description =
        "How often the link can be opened, 1 to 1,000,000 [default: no limit]", HelpName = "N" };

    private static readonly Option<TimeSpan?> Stay = Inputs.Time(
        "--stay", "With --max-uses, --comment or a passphrase: how long whoever opened it may come back: 1h or 7d "
            + "[default: 24h; with --comment 90d]");

    private static readonly Option<string[]?> Redact = Inputs.Words(
        "--redact", "What the reader does not get: tools (input and output), reasoning, files (attachments, diffs and "
            + "tools)",
        "WORDS");

    private static readonly Option<string[]?> AppendKinds =
        Inputs.Words("--append-kinds",
            "With --rights append: the only kinds that it may change, 1 to 64 [default: all]", "KINDS");

    private static readonly Option<long?> MaxOps =
        new("--max-ops-per-day") { Description = "With --rights append: ops per day, 0 or more [default: no limit]",
            HelpName = "N" };

    private static readonly Option<long?> MaxBytes =
        new("--max-bytes-per-day") { Description = "With --rights append: bytes per day, 0 or more [default: no limit]",
            HelpName = "N" };

    private static readonly Option<bool> Comment = new("--comment")
    {
        Description = "The reader may comment; each who opens the link is an author of its own, for --stay",
    };

    private static readonly Option<bool> NoComments = new("--no-comments")
    {
        Description = "The reader does not see comments [default: it sees those on what it sees]",
    };

    private static readonly Option<bool> Presence = new("--presence")
    {
        Description = "The reader sees who else has the share open, by label, and is seen",
    };

    private static readonly PassphraseInput Secret = new("The link also needs a passphrase");

    public static Command Build()
    {
        var command = new Command("invite", Examples.Short(Examples.Invite)) { Target, Server, TokenFile, Label,
            RightsOption, Comment, NoComments, Presence, Expires, ExpiresUnused, MaxUses, Stay, Redact, AppendKinds,
            MaxOps, MaxBytes };
        RightsOption.AcceptOnlyFromAmong("read", "append");
        Secret.AddTo(command);
        command.Validators.Add(Check);
        command.SetAction(RunAsync);
        return command;
    }

    private static void Check(CommandResult result)
    {
        Inputs.CheckLabel(result, Label);
        if (result.GetValue(MaxUses) is < 1 or > 1_000_000) result.AddError("--max-uses must be 1 to 1,000,000.");
        if (result.GetValue(Stay) > TimeSpan.FromDays(365)) result.AddError("--stay must be at most 365 days.");
        if (result.GetResult(Redact) is not null
            && (Given(result.GetValue(Redact)) is not { } words || words.Except(Redactions.All).Any()))
            result.AddError("--redact must be one or more of tools, reasoning and files, separated by commas.");
        bool isForWriters = result.GetResult(AppendKinds) is not null || result.GetResult(MaxOps) is not null
            || result.GetResult(MaxBytes) is not null;
        if (isForWriters && result.GetValue(RightsOption) != "append")
            result.AddError("--append-kinds, --max-ops-per-day and --max-bytes-per-day need --rights append.");
        if (result.GetResult(AppendKinds) is not null && Given(result.GetValue(AppendKinds)) is not { Length: <= 64 })
            result.AddError("--append-kinds must be 1 to 64 kinds, separated by commas.");
        if (result.GetValue(MaxOps) < 0 || result.GetValue(MaxBytes) < 0) result.AddError("A quota must be 0 or more.");
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        CommandContext context = CommandContext.Of(parsed);
        string target = Inputs.ReadTarget(context, parsed.GetRequiredValue(Target));
        var access = new AdminAccess(context, parsed.GetValue(Server), parsed.GetValue(TokenFile));
        Rights rights = parsed.GetValue(RightsOption) == "append" ? Rights.Read | Rights.Append : Rights.Read;
        if (parsed.GetValue(Comment)) rights |= Rights.Comment;
        if (parsed.GetValue(Presence)) rights |= Rights.Presence;
        string label = parsed.GetValue(Label) ?? "invitation";
        Caveats? caveats = CaveatsOf(parsed, context.Time);
        string? passphrase = Secret.Read(context, parsed, isNew: true);
        if (parsed.GetValue(TokenFile) is null
            && await new KnownShares(context).FindAsync(target, send: true, stop).ConfigureAwait(false) is var (client,
                share))
        {
            await using (client.ConfigureAwait(false))
            {
                ShareLink link =
                    await share.InviteAsync(rights, label, caveats, passphrase, stop).ConfigureAwait(false);
                WriterRequest? left =
                    await SentAsync(context, share, link.Token.CapId, stop).ConfigureAwait(false);
                if (left?.Code is { } code) throw Refused(code);
                Say(context.Output, link, rights, caveats, passphrase is not null, isQueued: left is not null);
            }

            return ExitCode.Ok;
        }

        ShareLink made = await access.OnShareAsRootAsync(target, async (admin, shareId) =>
        {
            ShareToken token = ShareToken.New(RandomId.New());
            await admin.AttenuateAsync(new AttenuateRequest
            {
                CapId = token.CapId, TokenDigest = token.Digest, ShareId = shareId, Rights = rights.ToNames(),
                Caveats = caveats,
                Label = label, PassphraseDigest = passphrase is null ? null : Passphrase.DigestOf(token, passphrase),
            }).ConfigureAwait(false);
            return new ShareLink(access.AddressOf(target), shareId, token);
        }, stop).ConfigureAwait(false);
        Say(context.Output, made, rights, caveats, passphrase is not null, isQueued: false);
        return ExitCode.Ok;
    }

    private static Caveats? CaveatsOf(ParseResult parsed, TimeProvider time)
    {
        var caveats = new Caveats
        {
            ExpiresAtMs = Moment(parsed.GetValue(Expires)), UnusedExpiresAtMs = Moment(parsed.GetValue(ExpiresUnused)),
            MaxUses = parsed.GetValue(MaxUses), GrantMs = (long?)StayOf(parsed)?.TotalMilliseconds,
            Redact = Given(parsed.GetValue(Redact)), NoComments = parsed.GetValue(NoComments) ? true : null,
            AppendKinds = Given(parsed.GetValue(AppendKinds)),
            MaxOpsPerDay = parsed.GetValue(MaxOps), MaxBytesPerDay = parsed.GetValue(MaxBytes),
        };
        return caveats == Caveats.None ? null : caveats;

        long? Moment(TimeSpan? fromNow) =>
            fromNow is { } span ? (time.GetUtcNow() + span).ToUnixTimeMilliseconds() : null;
    }

    /// <summary>An author stays the same for longer than a reader needs: it may edit what it said.</summary>
    private static TimeSpan? StayOf(ParseResult parsed) =>
        parsed.GetValue(Stay) ?? (parsed.GetValue(Comment) ? AuthorStay : null);

    /// <summary>Returns null if not given.</summary>
    private static string[]? Given(string[]? words) => words is { Length: > 0 } ? words : null;

    internal static void Say(Output output, ShareLink link, Rights rights, Caveats? caveats, bool hasPassphrase,
        bool isQueued)
    {
        output.Say(link.Reveal(), new Style(Color.Aqua));
        if (output.IsTerminal)
        {
            foreach (string line in QrPicture.Of(link.Reveal())) output.Say(line, new Style(Color.White, Color.Black));
        }

        string limits = CaveatText.Of(caveats ?? Caveats.None, hasPassphrase);
        if (limits.Length > 0) limits = $" Limits: {limits}; times are UTC.";
        output.Say($"Rights: {string.Join(' ', rights.ToNames())}.{limits}");
        output.Say($"To revoke it: sharerpc revoke {link.Token.CapId}");
        if (isQueued) output.Say(
            "The server has not confirmed it yet. It is queued; sharerpc share or sharerpc outbox retry sends it, and "
                + "the link is valid once the server has it.");
        output.Emit(new { link.ShareId, link.Token.CapId, Link = link.Reveal(), Caveats = caveats, Queued = isQueued });
    }

    /// <summary>Returns the request if it was not confirmed in time: it waits or was refused.</summary>
    private static async Task<WriterRequest?> SentAsync(
        CommandContext context, ShareWriter share, string capId, CancellationToken stop)
    {
        using var patience = new CancellationTokenSource(SendTime, context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, patience.Token);
        while (true)
        {
            Task changed = share.Changed;
            IReadOnlyList<WriterRequest> left = await share.ListRequestsAsync(stop).ConfigureAwait(false);
            WriterRequest? own = left.FirstOrDefault(one => one.CapId == capId);
            if (own is null or { Code: not null }) return own;
            try
            {
                await changed.WaitAsync(LookInterval, context.Time, either.Token).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                // Another process may be sending.
            }
            catch (OperationCanceledException) when (!stop.IsCancellationRequested)
            {
                return own;
            }
        }
    }

    private static CliException Refused(string code)
    {
        bool isKnown = ErrorCodes.TryParse(code, out ErrorCode known);
        return new CliException(
            isKnown && ErrorCodes.IsAuthority(known) ? ExitCode.Denied : ExitCode.Error,
            $"The server refuses the invitation: {(isKnown ? ErrorCodes.HintOf(known) : code)} Its link does not work. "
                + "sharerpc outbox retry asks again, sharerpc outbox drop forgets it.");
    }
}
