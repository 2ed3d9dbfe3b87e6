using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server.Access;
using ShareRpc.Server.Storage;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Server.Access.Changes;

/// <summary>Random chains and all changes of them, against what each ref might before.</summary>
public sealed class NeverGrowsTests
{
    private const int Seeds = 12;
    private const int Steps = 60;

    private static readonly Caveats[] Choices =
    [
        Caveats.None, Caveats.None, new() { AppendKinds = ["part", "note"] }, new() { AppendKinds = ["note"] },
        new() { Redact = ["tools"] }, new() { Redact = ["files", "reasoning"] },
        new() { Readable =
            new Dictionary<string, IReadOnlyList<string>?> { ["part"] = ["id", "text"], ["note"] = null } },
        new() { Readable = new Dictionary<string, IReadOnlyList<string>?> { ["part"] = null } },
        new() { MaxUses = 4 }, new() { MaxUses = 40, GrantMs = 5_000 }, new() { MaxOpsPerDay = 3 },
        new() { MaxOpsPerDay = 30, MaxBytesPerDay = 40 }, new() { ExpiresAtMs = long.MaxValue / 4 },
        new() { UnusedExpiresAtMs = long.MaxValue / 8 },
    ];

    [Fact(Timeout = 600_000)]
    public async Task Invariant_I6_whatever_is_changed_no_ref_may_more_than_before_nor_more_than_its_parent()
    {
        for (int seed = 1; seed <= Seeds; seed++)
        {
            using ServerRooms rooms = await ServerRooms.OpenAsync();
            var run = new Run(rooms, seed);
            for (int i = 0; i < Steps; i++) await run.StepAsync();
        }
    }

    [Fact]
    public async Task Handles_from_before_an_adoption_and_after_it_share_what_was_left_of_the_day()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        ShareToken creator =
            await rooms.AttenuateAsync(rooms.Root, RightsNames.Creator, new Caveats { MaxOpsPerDay = 3 });
        Authority owner = await rooms.CreateShareAsync(await rooms.RedeemAsync(creator));
        ShareToken guest = await rooms.AttenuateAsync(owner, Rights.Append);
        Authority before = await rooms.RedeemAsync(guest);
        Assert.Empty((await rooms.AppendAsync(before, ServerRooms.Put("1"))).Rejected);
        await rooms.Changes.AdoptSharesAsync(rooms.Root, new CapabilityRequest { CapId = creator.CapId });
        Authority after = await rooms.RedeemAsync(guest);
        Assert.Empty((await rooms.AppendAsync(before, ServerRooms.Put("2"))).Rejected);
        Assert.Empty((await rooms.AppendAsync(after, ServerRooms.Put("3"))).Rejected);
        foreach (Authority authority in new[] { before, after })
        {
            Rejection rejection = Assert.Single((await rooms.AppendAsync(authority, ServerRooms.Put("4"))).Rejected);
            Assert.Equal("quota_exceeded", rejection.Code);
        }
    }

    [Fact]
    public async Task Shares_of_a_creator_that_was_revoked_or_rotated_stay_dead_when_they_are_adopted()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        foreach (bool isRotated in new[] { false, true })
        {
            ShareToken creator = await rooms.AttenuateAsync(rooms.Root, RightsNames.Creator);
            Authority owner = await rooms.CreateShareAsync(await rooms.RedeemAsync(creator));
            ShareToken guest = await rooms.AttenuateAsync(owner, Rights.Read);
            if (isRotated)
            {
                var fresh = ShareToken.New(creator.CapId);
                await rooms.Changes.RotateAsync(
                    rooms.Root, new RotateCapabilityRequest { CapId = creator.CapId, TokenDigest = fresh.Digest });
            }
            else
            {
                await rooms.Admin.RevokeAsync(rooms.Root, new RevokeCapabilityRequest { CapId = creator.CapId });
            }

            var request = new CapabilityRequest { CapId = creator.CapId };
            Assert.Equal(0, (await rooms.Changes.AdoptSharesAsync(rooms.Root, request)).Shares);
            ShareRpcException refusal = await Assert.ThrowsAsync<ShareRpcException>(() => rooms.RedeemAsync(guest));
            Assert.Equal(ErrorCode.CapabilityRevoked, refusal.Code);
        }
    }

    private sealed class Run(ServerRooms rooms, int seed)
    {
        private readonly Dice dice = new(seed);
        private readonly List<(ShareToken Token, bool IsCreator)> tokens = [];
        private Dictionary<string, RefPower> powers = [];
        private string done = "";

        public async Task StepAsync()
        {
            bool mayResume = false;
            try
            {
                mayResume = await ChangeAsync();
            }
            catch (ShareRpcException error)
            {
                done += $" ({error.Code})"; // dead, used up, or not its to do
            }

            await CheckAsync(mayResume);
        }

        /// <summary>Returns true for a resumption.</summary>
        private async Task<bool> ChangeAsync()
        {
            int step = dice.Next(12);
            if (tokens.Count < 3) step = Math.Min(step, 1);
            ShareToken token = tokens.Count == 0 ? rooms.RootToken : dice.Of(tokens).Token;
            string capId = token.CapId;
            done += $"\n{step} {capId}";
            switch (step)
            {
                case 0:
                    (ShareToken Token, bool IsCreator)[] creators = [.. tokens.Where(one => one.IsCreator)];
                    Authority parent = creators.Length == 0 || dice.Next(3) == 0
                        ? rooms.Root : await rooms.RedeemAsync(dice.Of(creators).Token);
                    tokens.Add((await rooms.AttenuateAsync(parent, RightsNames.Creator, dice.Of(Choices)), true));
                    return false;
                case 1:
                    tokens.Add((await CreateShareAsync(), false));
                    return false;
                case 2 or 3 or 4:
                    Authority holder = await rooms.RedeemAsync(token);
                    bool isCreator = holder.Ref.ShareKey is null;
                    Rights rights = isCreator || dice.Next(2) == 0 ? holder.Ref.Rights : Rights.Read | Rights.Append;
                    tokens.Add((await rooms.AttenuateAsync(holder, rights, dice.Of(Choices)), isCreator));
                    return false;
                case 5 or 6:
                    Authority writer = await rooms.RedeemAsync(token);
                    OpIntent[] ops = [.. Enumerable.Range(0, 1 + dice.Next(2)).Select(i => ServerRooms.Put($"{i}"))];
                    await rooms.AppendAsync(writer, ops);
                    return false;
                case 7:
                    await rooms.RedeemAsync(token, grant: ShareToken.New(RandomId.New()));
                    return false;
                case 8:
                    var fresh = ShareToken.New(capId);
                    await rooms.Changes.RotateAsync(
                        rooms.Root, new RotateCapabilityRequest { CapId = capId, TokenDigest = fresh.Digest });
                    tokens[tokens.FindIndex(one => one.Token == token)] =
                        (fresh, tokens.Find(one => one.Token == token).IsCreator);
                    return false;
                case 9:
                    bool isResumed = dice.Next(2) == 0;
                    var request = new CapabilityRequest { CapId = capId };
                    if (isResumed) await rooms.Changes.ResumeAsync(rooms.Root, request);
                    else await rooms.Changes.SuspendAsync(rooms.Root, request);
                    return isResumed;
                case 10 when dice.Next(4) == 0:
                    await rooms.Admin.RevokeAsync(rooms.Root, new RevokeCapabilityRequest { CapId = capId });
                    return false;
                default:
                    await rooms.Changes.AdoptSharesAsync(rooms.Root, new CapabilityRequest { CapId = capId });
                    return false;
            }
        }

        private async Task<ShareToken> CreateShareAsync()
        {
            (ShareToken Token, bool IsCreator)[] creators = [.. tokens.Where(one => one.IsCreator)];
            Authority creator = creators.Length == 0 ? rooms.Root : await rooms.RedeemAsync(dice.Of(creators).Token);
            ShareToken token = ShareToken.New(RandomId.New());
            await rooms.Admin.CreateShareAsync(creator, new CreateShareRequest
            {
                ShareId = RandomId.New(), CapId = token.CapId, TokenDigest = token.Digest,
            });
            return token;
        }

        private async Task CheckAsync(bool mayResume)
        {
            await using IReadSnapshot snapshot = await rooms.Store.BeginReadAsync();
            var now = new Dictionary<string, RefPower>();
            IReadOnlyList<RefRow> rows = await snapshot.ReadRefsAsync(default, 0, 10_000);
            long nowMs = rooms.Clock.GetUtcNow().ToUnixTimeMilliseconds();
            foreach (RefRow row in rows)
            {
                RefPower power = await RefPower.ReadAsync(snapshot, row, nowMs);
                now.Add(row.CapId, power);
                string? more = powers.TryGetValue(row.CapId, out RefPower? before)
                    ? power.MoreThan(before, mayResume)
                    : row.ParentKey is null || row.IsGrant ? null
                    : power.MoreThan(now[rows.Single(parent => parent.Key == row.ParentKey).CapId]);
                Assert.True(more is null, $"seed {seed}: {row.CapId} may more ({more}):\n{before}\n{power}\n{done}");
            }

            powers = now;
        }
    }
}
