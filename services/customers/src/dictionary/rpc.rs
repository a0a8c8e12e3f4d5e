//! `DictionaryService`. Whatever changes here, `field::cache` tells everyone else.

use std::sync::Arc;

use contracts::customers::dictionary_service_server::DictionaryService;
use contracts::customers::{
    CreateDictionaryEntryRequest, CreateDictionaryRequest, DeleteDictionaryEntryRequest, DeleteDictionaryEntryResponse,
    Dictionary, DictionaryEntry, ImportDictionaryEntriesRequest, ImportedDictionary, ListDictionariesRequest,
    ListDictionariesResponse, ListDictionaryEntriesRequest, ListDictionaryEntriesResponse,
    UpdateDictionaryEntryRequest,
};
use platform::access::Call;
use platform::db::{AuditEntry, Db, Once, Tx};
use platform::error::{Error, Result};
use platform::{page, update};
use tonic::{Request, Response, Status, Streaming};

use super::store::{self, EntryPlace, EntrySelection};
use super::{import, rules};
use crate::audit::{Changes, key_id};
use crate::error::reason;
use crate::field::FieldCache;
use crate::field::cache::schema_changed;

const MUTABLE: [&str; 5] = ["name_zh", "name_en", "position", "retired", "color"];

pub struct DictionaryRpc {
    db: Db,
    cache: Arc<FieldCache>,
}

impl DictionaryRpc {
    pub fn new(db: Db, cache: Arc<FieldCache>) -> Self {
        Self { db, cache }
    }
}

#[tonic::async_trait]
impl DictionaryService for DictionaryRpc {
    async fn list_dictionaries(
        &self,
        request: Request<ListDictionariesRequest>,
    ) -> Result<Response<ListDictionariesResponse>, Status> {
        let request = request.into_inner();
        let size = page::size(request.page_size, 200);
        let bound = ["dictionaries"];
        let after = page::decode::<String>(&bound, &request.page_token)?;
        let mut dictionaries = store::dictionary_list(self.db.pool(), after.as_deref(), size + 1).await?;
        let next_page_token = page::cut(&mut dictionaries, size, &bound, |dictionary| dictionary.code.clone())?;
        Ok(Response::new(ListDictionariesResponse { dictionaries, next_page_token }))
    }

    async fn create_dictionary(
        &self,
        request: Request<CreateDictionaryRequest>,
    ) -> Result<Response<Dictionary>, Status> {
        let call = Call::of(&request)?;
        let mut new = request.into_inner().dictionary.unwrap_or_default();
        new.name_zh = new.name_zh.trim().to_owned();
        new.entry_count = 0;
        new.graded = false;
        rules::check_dictionary(&new)?;
        let mut tx = match self.db.begin_once::<Dictionary>(&call).await? {
            Once::Done(dictionary) => return Ok(Response::new(dictionary)),
            Once::New(tx) => tx,
        };
        schema_changed(tx.connection()).await.map_err(Error::from)?;
        let new = store::dictionary_insert(tx.connection(), new).await?;
        let mut changes = Changes::of(&new.code);
        changes.add("name_zh", "", &new.name_zh);
        changes.add("name_en", "", &new.name_en);
        changes.add("tree", false, new.tree);
        let id = key_id(&["dictionary", &new.code]);
        tx.audit(AuditEntry {
            action: "dictionary.created",
            record_kind: "dictionary",
            record_id: id,
            subject_id: id,
            changes: changes.into(),
        });
        let dictionary = tx.commit_call(&call, new).await?;
        self.cache.changed().await;
        Ok(Response::new(dictionary))
    }

    async fn list_dictionary_entries(
        &self,
        request: Request<ListDictionaryEntriesRequest>,
    ) -> Result<Response<ListDictionaryEntriesResponse>, Status> {
        let request = request.into_inner();
        if !self.cache.current().await?.dictionaries().exists(&request.dictionary) {
            return Err(Error::not_found().into());
        }
        let size = page::size(request.page_size, 200);
        let codes = request.codes.join("/");
        let bound = ["dictionary_entries", &request.dictionary, &request.parent_code, &codes];
        let after = page::decode::<EntryPlace>(&bound, &request.page_token)?;
        let selection = EntrySelection {
            dictionary: &request.dictionary,
            parent_code: match request.parent_code.as_str() {
                "" => None,
                rules::TOP => Some(""),
                parent => Some(parent),
            },
            codes: &request.codes,
        };
        let mut entries = store::entry_list(self.db.pool(), &selection, after.as_ref(), size + 1).await?;
        let next_page_token = page::cut(&mut entries, size, &bound, |entry| {
            (entry.parent_code.clone(), entry.position, entry.code.clone())
        })?;
        Ok(Response::new(ListDictionaryEntriesResponse { entries, next_page_token }))
    }

    async fn create_dictionary_entry(
        &self,
        request: Request<CreateDictionaryEntryRequest>,
    ) -> Result<Response<DictionaryEntry>, Status> {
        let call = Call::of(&request)?;
        let mut new = request.into_inner().entry.unwrap_or_default();
        new.name_zh = new.name_zh.trim().to_owned();
        let mut tx = match self.db.begin_once::<DictionaryEntry>(&call).await? {
            Once::Done(entry) => return Ok(Response::new(entry)),
            Once::New(tx) => tx,
        };
        schema_changed(tx.connection()).await.map_err(Error::from)?;
        let tree = store::dictionary_is_tree(tx.connection(), &new.dictionary).await.map_err(Error::from)?;
        let tree = tree.ok_or_else(Error::not_found)?;
        let parent = store::entry_exists(tx.connection(), &new.dictionary, &new.parent_code).await;
        rules::check_entry(&new, tree, parent.map_err(Error::from)?)?;
        let entry = store::entry_insert(tx.connection(), &new).await?;
        audit(&mut tx, "dictionary_entry.created", &DictionaryEntry::default(), &entry);
        let entry = tx.commit_call(&call, entry).await?;
        self.cache.changed().await;
        Ok(Response::new(entry))
    }

    async fn update_dictionary_entry(
        &self,
        request: Request<UpdateDictionaryEntryRequest>,
    ) -> Result<Response<DictionaryEntry>, Status> {
        let call = Call::of(&request)?;
        let UpdateDictionaryEntryRequest { entry, update_mask } = request.into_inner();
        let wanted = entry.unwrap_or_default();
        let paths = update::paths(update_mask.as_ref(), &MUTABLE)?;
        let revision = update::revision("entry.etag", &wanted.etag)?;
        let mut tx = match self.db.begin_once::<DictionaryEntry>(&call).await? {
            Once::Done(entry) => return Ok(Response::new(entry)),
            Once::New(tx) => tx,
        };
        schema_changed(tx.connection()).await.map_err(Error::from)?;
        let before = store::entry_lock(tx.connection(), &wanted.dictionary, &wanted.code).await?;
        if before.etag != update::etag(revision) {
            return Err(Error::stale_etag().into());
        }
        let mut after = before.clone();
        for path in paths {
            match path {
                "name_zh" => after.name_zh = wanted.name_zh.trim().to_owned(),
                "name_en" => after.name_en.clone_from(&wanted.name_en),
                "position" => after.position = wanted.position,
                "retired" => after.retired = wanted.retired,
                _ => after.color.clone_from(&wanted.color),
            }
        }
        // The parent was checked when the entry was made and can't go while the entry is there.
        rules::check_entry(&after, true, true)?;
        let after = store::entry_update(tx.connection(), &after).await?;
        audit(&mut tx, "dictionary_entry.updated", &before, &after);
        let entry = tx.commit_call(&call, after).await?;
        self.cache.changed().await;
        Ok(Response::new(entry))
    }

    async fn delete_dictionary_entry(
        &self,
        request: Request<DeleteDictionaryEntryRequest>,
    ) -> Result<Response<DeleteDictionaryEntryResponse>, Status> {
        let call = Call::of(&request)?;
        let request = request.into_inner();
        let mut tx = match self.db.begin_once::<DeleteDictionaryEntryResponse>(&call).await? {
            Once::Done(deleted) => return Ok(Response::new(deleted)),
            Once::New(tx) => tx,
        };
        schema_changed(tx.connection()).await.map_err(Error::from)?;
        let before = store::entry_lock(tx.connection(), &request.dictionary, &request.code).await?;
        if before.has_children {
            return Err(Error::failed_precondition(&reason::ENTRY_HAS_CHILDREN).into());
        }
        let in_use = store::entry_in_use(tx.connection(), &request.dictionary, &request.code).await;
        if in_use.map_err(Error::from)? {
            return Err(Error::failed_precondition(&reason::ENTRY_IN_USE).into());
        }
        store::entry_delete(tx.connection(), &request.dictionary, &request.code).await.map_err(Error::from)?;
        audit_deleted(&mut tx, &before);
        let deleted = tx.commit_call(&call, DeleteDictionaryEntryResponse {}).await?;
        self.cache.changed().await;
        Ok(Response::new(deleted))
    }

    async fn import_dictionary_entries(
        &self,
        request: Request<Streaming<ImportDictionaryEntriesRequest>>,
    ) -> Result<Response<ImportedDictionary>, Status> {
        let mut call = Call::of(&request)?;
        let imported = import::import(&self.db, &self.cache, &mut call, request.into_inner()).await?;
        Ok(Response::new(imported))
    }
}

pub(super) fn audit(tx: &mut Tx, action: &'static str, before: &DictionaryEntry, after: &DictionaryEntry) {
    let entry = if after.code.is_empty() { before } else { after };
    let mut changes = Changes::of(&format!("{}/{}", entry.dictionary, entry.code));
    changes.add("name_zh", &before.name_zh, &after.name_zh);
    changes.add("name_en", &before.name_en, &after.name_en);
    changes.add("parent_code", &before.parent_code, &after.parent_code);
    changes.add("position", before.position, after.position);
    changes.add("retired", before.retired, after.retired);
    changes.add("color", &before.color, &after.color);
    let id = key_id(&["dictionary", &entry.dictionary, &entry.code]);
    tx.audit(AuditEntry {
        action,
        record_kind: "dictionary_entry",
        record_id: id,
        subject_id: id,
        changes: changes.into(),
    });
}

fn audit_deleted(tx: &mut Tx, before: &DictionaryEntry) {
    audit(tx, "dictionary_entry.deleted", before, &DictionaryEntry::default());
}
