using System.CommandLine;
using System.CommandLine.Parsing;
using ShareRpc.Cli.Administration;
using ShareRpc.Cli.State;
using ShareRpc.Cli.Terminal;
using ShareRpc.Client.Writing;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;
using Spectre.Console;

namespace ShareRpc.Cli.Commands;

/// <summary><c>sharerpc invite</c></summary>
internal static class Invite
{
    private static readonly TimeSpan SendTime = TimeSpan.FromSeconds(10);
    private static readonly Argument<string> Target = Inputs.Share();
    private static readonly Option<string?> Server = Inputs.Server();
    private static readonly Option<string?> TokenFile = Inputs.TokenFile();
    private static readonly Option<string?> Label = Inputs.Label("What sharerpc who will call the new link");

    private static readonly Option<string> RightsOption = new("--rights")
    {
        Description = "read, or append: read and go on in it (share --into LINK)", HelpName = "RIGHTS", DefaultValueFactory = _ => "read",
    };

    private static readonly Option<TimeSpan?> Expires =
        Inputs.Time("--expires", "When the new link ends, from now: 30m, 12h or 7d [default: never]");

    private static readonly Option<TimeSpan?> ExpiresUnused =
        Inputs.Time("--expires-unused", "When it ends unless it was opened before");

    private static readonly Option<int?> MaxUses = new("--max-uses") { Description = "How often it can be opened", HelpName = "N" };

    private static readonly Option<string[]?> Redact = Inputs.Words(
        "--redact", "What its reader does not get: tools (their input and output), reasoning, files (attachments, diffs, and tools)",
        "WORDS");

    private static readonly Option<string[]?> AppendKinds =
        Inputs.Words("--append-kinds", "With --rights append: the only kinds of documents it may change", "KINDS");

    private static readonly Option<long?> MaxOps =
        new("--max-ops-per-day") { Description = "With --rights append: ops a day", HelpName = "N" };

    private static readonly Option<long?> MaxBytes =
        new("--max-bytes-per-day") { Description = "With --rights append: bytes a day", HelpName = "N" };

    private static readonly PassphraseInput Secret = new("Whoever opens it has to know a passphrase too");

    public static Command Build()
    {
        var command = new Command("invite", Examples.Short(Examples.Invite)) { Target, Server, TokenFile, Label, RightsOption, Expires,
            ExpiresUnused, MaxUses, Redact, AppendKinds, MaxOps, MaxBytes };
        RightsOption.AcceptOnlyFromAmong("read", "append");
        Secret.AddTo(command);
        command.Validators.Add(Check);
        command.SetAction(RunAsync);
        return command;
    }

    private static void Check(CommandResult result)
    {
        Inputs.CheckLabel(result, Label);
        if (result.GetValue(MaxUses) is < 1 or > 1_000_000) result.AddError("--max-uses is 1 to 1,000,000.");
        if (result.GetResult(Redact) is not null && (Given(result.GetValue(Redact)) is not { } words || words.Except(Redactions.All).Any()))
            result.AddError("--redact is one or more of tools, reasoning and files, with commas between them.");
        bool isForWriters = result.GetResult(AppendKinds) is not null || result.GetResult(MaxOps) is not null
            || result.GetResult(MaxBytes) is not null;
        if (isForWriters && result.GetValue(RightsOption) != "append")
            result.AddError("--append-kinds, --max-ops-per-day and --max-bytes-per-day go with --rights append.");
        if (result.GetResult(AppendKinds) is not null && Given(result.GetValue(AppendKinds)) is not { Length: <= 64 })
            result.AddError("--append-kinds is 1 to 64 kinds, with commas between.");
        if (result.GetValue(MaxOps) < 0 || result.GetValue(MaxBytes) < 0) result.AddError("A quota is 0 or more.");
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        CommandContext context = CommandContext.Of(parsed);
        string target = parsed.GetRequiredValue(Target);
        Rights rights = parsed.GetValue(RightsOption) == "append" ? Rights.Read | Rights.Append : Rights.Read;
        string label = parsed.GetValue(Label) ?? "invitation";
        Caveats? caveats = CaveatsOf(parsed, context.Time);
        string? passphrase = Secret.Read(context, parsed, isNew: true);
        if (parsed.GetValue(TokenFile) is null
            && await new KnownShares(context).FindAsync(target, send: true, stop).ConfigureAwait(false) is var (client, share))
        {
            await using (client.ConfigureAwait(false))
            {
                ShareLink link = await share.InviteAsync(rights, label, caveats, passphrase, stop).ConfigureAwait(false);
                bool isMade = await SentAsync(context, share, stop).ConfigureAwait(false);
                Say(context.Output, link, rights, caveats, passphrase is not null, isQueued: !isMade);
            }

            return ExitCode.Ok;
        }

        var access = new AdminAccess(context, parsed.GetValue(Server), parsed.GetValue(TokenFile));
        ShareLink made = await access.OnShareAsRootAsync(target, async (admin, shareId) =>
        {
            ShareToken token = ShareToken.New(RandomId.New());
            await admin.AttenuateAsync(new AttenuateRequest
            {
                CapId = token.CapId, TokenDigest = token.Digest, ShareId = shareId, Rights = rights.ToNames(), Caveats = caveats,
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
            MaxUses = parsed.GetValue(MaxUses), Redact = Given(parsed.GetValue(Redact)),
            AppendKinds = Given(parsed.GetValue(AppendKinds)),
            MaxOpsPerDay = parsed.GetValue(MaxOps), MaxBytesPerDay = parsed.GetValue(MaxBytes),
        };
        return caveats == Caveats.None ? null : caveats;

        long? Moment(TimeSpan? fromNow) => fromNow is { } span ? (time.GetUtcNow() + span).ToUnixTimeMilliseconds() : null;
    }

    /// <summary>An option of many words is empty, not null, when it is not there.</summary>
    private static string[]? Given(string[]? words) => words is { Length: > 0 } ? words : null;

    /// <summary>The link first and alone on its line; a QR code where somebody can hold a phone to it.</summary>
    internal static void Say(Output output, ShareLink link, Rights rights, Caveats? caveats, bool hasPassphrase, bool isQueued)
    {
        output.Say(link.Reveal(), new Style(Color.Aqua));
        if (output.IsTerminal)
        {
            foreach (string line in QrPicture.Of(link.Reveal())) output.Say(line, new Style(Color.White, Color.Black));
        }

        string limits = CaveatText.Of(caveats ?? Caveats.None, hasPassphrase);
        output.Say($"Rights: {string.Join(' ', rights.ToNames())}.{(limits.Length > 0 ? $" Limits: {limits}; times are UTC." : "")}");
        output.Say($"To take it back: sharerpc revoke {link.Token.CapId}");
        if (isQueued) output.Say("The server has not confirmed it yet: the link works once it has. It is queued.");
        output.Emit(new { link.ShareId, link.Token.CapId, Link = link.Reveal(), Caveats = caveats, Queued = isQueued });
    }

    private static async Task<bool> SentAsync(CommandContext context, ShareWriter share, CancellationToken stop)
    {
        using var patience = new CancellationTokenSource(SendTime, context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, patience.Token);
        try
        {
            await share.FlushAsync(either.Token).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return false;
        }
    }
}
