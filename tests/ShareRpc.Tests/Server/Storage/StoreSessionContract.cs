using ShareRpc.Protocol.Messages;
using ShareRpc.Server.Storage;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Server.Storage;

/// <summary>What an HTTP profile made for an agent's session.</summary>
public abstract class StoreSessionContract : StoreContract
{
    [StoreFact]
    public async Task The_newest_share_of_a_session_is_found_by_its_creator_only()
    {
        await using IWriteTransaction transaction = await Store.BeginWriteAsync();
        long creator = await transaction.InsertRefAsync(Seed.Ref());
        long other = await transaction.InsertRefAsync(Seed.Ref());
        (long first, _) = await Seed.ShareAsync(transaction, creator);
        (long second, _) = await Seed.ShareAsync(transaction, creator);
        Assert.Null(await transaction.FindSessionShareAsync(creator, "ses"));
        transaction.InsertSessionShare(new SessionShareRow(first, creator, "ses"));
        Assert.Equal(first, (await transaction.FindSessionShareAsync(creator, "ses"))!.ShareKey);
        transaction.InsertSessionShare(new SessionShareRow(second, creator, "ses"));

        Assert.Equal(new SessionShareRow(second, creator, "ses"),
            await transaction.FindSessionShareAsync(creator, "ses"));
        Assert.Equal("ses", (await transaction.FindSessionShareAsync(first))!.SessionId);
        Assert.Null(await transaction.FindSessionShareAsync(other, "ses"));
        Assert.Null(await transaction.FindSessionShareAsync(creator, "SES"));
        Assert.Null(await transaction.FindSessionShareAsync(second + 1));
    }

    [StoreFact]
    public async Task The_refs_made_for_a_session_are_listed_in_the_order_of_their_making_and_no_others()
    {
        await using IWriteTransaction transaction = await Store.BeginWriteAsync();
        (long share, long owner) = await Seed.ShareAsync(transaction);
        (long foreign, long foreignOwner) = await Seed.ShareAsync(transaction);
        transaction.InsertSessionRef(foreign, foreignOwner);
        transaction.InsertSessionRef(share, owner);
        await transaction.InsertRefAsync(Seed.Ref(owner, share, Rights.Read));
        long made = await transaction.InsertRefAsync(Seed.Ref(owner, share, Rights.Append));
        transaction.InsertSessionRef(share, made);
        Assert.Equal([owner, made], (await transaction.ReadSessionRefsAsync(share)).Select(row => row.Key));
        Assert.Empty(await transaction.ReadSessionRefsAsync(foreign + 1));
    }

    [StoreFact]
    public async Task The_newest_open_creator_counts()
    {
        await using IWriteTransaction transaction = await Store.BeginWriteAsync();
        Assert.Null(await transaction.FindOpenCreatorAsync());
        long first = await transaction.InsertRefAsync(Seed.Ref());
        transaction.InsertOpenCreator(first);
        Assert.Equal(first, (await transaction.FindOpenCreatorAsync())!.Key);
        long second = await transaction.InsertRefAsync(Seed.Ref());
        transaction.InsertOpenCreator(second);
        Assert.Equal(second, (await transaction.FindOpenCreatorAsync())!.Key);
    }
}
