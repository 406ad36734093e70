//! A Qdrant server for tests: the real gRPC stubs over Qdrant Edge shards, on a free port.

use std::{collections::HashMap, sync::Arc};

use ::qdrant_client::qdrant::{
    self as wire,
    collections_server::{Collections, CollectionsServer},
    points_server::{Points, PointsServer},
    *,
};
use qdrant_edge as edge;
use qdrant_edge::EdgeShard;
use tempfile::TempDir;
use tokio::{
    sync::{Mutex, oneshot},
    task::JoinHandle,
};
use tonic::{
    Request, Response, Status,
    service::interceptor::InterceptedService,
    transport::{Server, server::TcpIncoming},
};

type Answer<T> = Result<Response<T>, Status>;

const VECTOR: &str = "";

pub struct QdrantServer {
    pub url: String,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

#[derive(Clone, Default)]
struct Shards(Arc<Mutex<HashMap<String, Arc<Shard>>>>);

struct Shard {
    engine: EdgeShard,
    vectors: VectorParams,
    _dir: TempDir,
}

impl QdrantServer {
    /// Serves until stopped or dropped; refuses requests without `key` when there is one.
    pub async fn start(key: Option<&'static str>) -> Self {
        let incoming = TcpIncoming::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let url = format!("http://{}", incoming.local_addr().unwrap());
        let shards = Shards::default();
        let check = move |request: Request<()>| {
            let sent = request.metadata().get("api-key").and_then(|value| value.to_str().ok());
            if sent == key { Ok(request) } else { Err(Status::unauthenticated("wrong key")) }
        };
        let points = PointsServer::new(shards.clone()).max_decoding_message_size(64 << 20);
        let (stop, stopped) = oneshot::channel();
        let server = Server::builder()
            .add_service(InterceptedService::new(points, check))
            .add_service(InterceptedService::new(CollectionsServer::new(shards), check))
            .serve_with_incoming_shutdown(incoming, async { drop(stopped.await) });
        let served = tokio::spawn(async { server.await.unwrap() });
        Self { url, stop, served }
    }

    /// Says goodbye to every connection and waits until all are closed: what is sent later cannot be answered.
    pub async fn stop(self) {
        drop(self.stop);
        self.served.await.unwrap();
    }
}

/// Implements a service: what the client uses by hand, the rest as "unimplemented".
macro_rules! service {
    ($service:ident { $($used:tt)* } unused { $($name:ident: $request:ident => $response:ident),* $(,)? }) => {
        #[tonic::async_trait]
        impl $service for Shards {
            $($used)*
            $(
                async fn $name(&self, _: Request<$request>) -> Answer<$response> {
                    Err(Status::unimplemented(stringify!($name)))
                }
            )*
        }
    };
}

service! {
    Collections {
        async fn collection_exists(&self, request: Request<CollectionExistsRequest>) -> Answer<CollectionExistsResponse> {
            let exists = self.0.lock().await.contains_key(&request.get_ref().collection_name);
            Ok(Response::new(CollectionExistsResponse { result: Some(CollectionExists { exists }), time: 0.0 }))
        }

        async fn create(&self, request: Request<CreateCollection>) -> Answer<CollectionOperationResponse> {
            let request = request.into_inner();
            let mut shards = self.0.lock().await;
            if shards.contains_key(&request.collection_name) {
                return Err(Status::already_exists(request.collection_name));
            }
            let Some(vectors_config::Config::Params(vectors)) = request.vectors_config.and_then(|config| config.config) else {
                return Err(Status::invalid_argument("vectors"));
            };
            assert_eq!(vectors.distance(), wire::Distance::Cosine);
            let params = edge::EdgeVectorParamsBuilder::new(vectors.size as usize, edge::Distance::Cosine).build();
            let dir = TempDir::new().unwrap();
            let engine = EdgeShard::new(dir.path(), edge::EdgeConfigBuilder::new().vector(VECTOR, params).build()).unwrap();
            shards.insert(request.collection_name, Arc::new(Shard { engine, vectors, _dir: dir }));
            Ok(Response::new(CollectionOperationResponse { result: true, time: 0.0 }))
        }

        async fn delete(&self, request: Request<DeleteCollection>) -> Answer<CollectionOperationResponse> {
            let result = self.0.lock().await.remove(&request.get_ref().collection_name).is_some();
            Ok(Response::new(CollectionOperationResponse { result, time: 0.0 }))
        }

        async fn get(&self, request: Request<GetCollectionInfoRequest>) -> Answer<GetCollectionInfoResponse> {
            let shard = self.shard(&request.get_ref().collection_name).await?;
            let vectors = VectorsConfig { config: Some(vectors_config::Config::Params(shard.vectors)) };
            let params = CollectionParams { vectors_config: Some(vectors), ..CollectionParams::default() };
            let config = CollectionConfig { params: Some(params), ..CollectionConfig::default() };
            let info = CollectionInfo { config: Some(config), ..CollectionInfo::default() };
            Ok(Response::new(GetCollectionInfoResponse { result: Some(info), time: 0.0 }))
        }
    }
    unused {
        list: ListCollectionsRequest => ListCollectionsResponse,
        update: UpdateCollection => CollectionOperationResponse,
        update_aliases: ChangeAliases => CollectionOperationResponse,
        list_collection_aliases: ListCollectionAliasesRequest => ListAliasesResponse,
        list_aliases: ListAliasesRequest => ListAliasesResponse,
        collection_cluster_info: CollectionClusterInfoRequest => CollectionClusterInfoResponse,
        update_collection_cluster_setup: UpdateCollectionClusterSetupRequest => UpdateCollectionClusterSetupResponse,
        create_shard_key: CreateShardKeyRequest => CreateShardKeyResponse,
        delete_shard_key: DeleteShardKeyRequest => DeleteShardKeyResponse,
        list_shard_keys: ListShardKeysRequest => ListShardKeysResponse,
    }
}

service! {
    Points {
        async fn create_field_index(&self, request: Request<CreateFieldIndexCollection>) -> Answer<PointsOperationResponse> {
            let request = request.into_inner();
            let kind = match request.field_type() {
                FieldType::Keyword => edge::PayloadSchemaType::Keyword,
                FieldType::Integer => edge::PayloadSchemaType::Integer,
                other => return Err(Status::invalid_argument(other.as_str_name())),
            };
            let field_schema = Some(edge::PayloadFieldSchema::FieldType(kind));
            let index = edge::CreateIndex { field_name: request.field_name.parse().unwrap(), field_schema };
            let operation = edge::UpdateOperation::FieldIndexOperation(edge::FieldIndexOperations::CreateIndex(index));
            self.update(&request.collection_name, request.wait, operation).await
        }

        async fn upsert(&self, request: Request<UpsertPoints>) -> Answer<PointsOperationResponse> {
            let request = request.into_inner();
            let points = request.points.into_iter().map(point).collect::<Result<_, _>>()?;
            let points = edge::PointInsertOperations::PointsList(points);
            let operation = edge::UpdateOperation::PointOperation(edge::PointOperations::UpsertPoints(points));
            self.update(&request.collection_name, request.wait, operation).await
        }

        async fn delete(&self, request: Request<DeletePoints>) -> Answer<PointsOperationResponse> {
            let request = request.into_inner();
            let selector = request.points.and_then(|points| points.points_selector_one_of);
            let operation = match selector {
                Some(points_selector::PointsSelectorOneOf::Filter(wanted)) => {
                    edge::PointOperations::DeletePointsByFilter(filter(wanted)?)
                }
                Some(points_selector::PointsSelectorOneOf::Points(PointsIdsList { ids })) => {
                    let ids = ids.into_iter().filter_map(number).map(edge::PointId::NumId).collect();
                    edge::PointOperations::DeletePoints { ids }
                }
                None => return Err(Status::invalid_argument("which points")),
            };
            self.update(&request.collection_name, request.wait, edge::UpdateOperation::PointOperation(operation)).await
        }

        async fn count(&self, request: Request<CountPoints>) -> Answer<CountResponse> {
            let request = request.into_inner();
            let shard = self.shard(&request.collection_name).await?;
            let filter = request.filter.map(filter).transpose()?;
            let counted = edge::CountRequest { filter, exact: request.exact.unwrap_or(true) };
            let count = shard.engine.count(counted).map_err(internal)? as u64;
            Ok(Response::new(CountResponse { result: Some(CountResult { count }), ..CountResponse::default() }))
        }

        async fn query(&self, request: Request<QueryPoints>) -> Answer<QueryResponse> {
            let request = request.into_inner();
            let shard = self.shard(&request.collection_name).await?;
            let nearest = match request.query.and_then(|query| query.variant) {
                Some(query::Variant::Nearest(VectorInput { variant: Some(vector_input::Variant::Dense(vector)) })) => vector.data,
                _ => return Err(Status::unimplemented("query")),
            };
            let params = request.params.unwrap_or_default();
            let query = edge::NamedQuery { query: edge::VectorInternal::from(nearest), using: Some(VECTOR.into()) };
            let found = shard.engine.search(edge::SearchRequest {
                query: edge::QueryEnum::Nearest(query),
                filter: request.filter.map(filter).transpose()?,
                params: Some(edge::SearchParams { exact: params.exact(), ..edge::SearchParams::default() }),
                limit: request.limit.unwrap_or(10) as usize,
                offset: 0,
                with_payload: None,
                with_vector: None,
                score_threshold: None,
            });
            let result = found.map_err(internal)?.into_iter().map(|hit| ScoredPoint {
                id: Some(point_id(hit.id)),
                score: hit.score,
                ..ScoredPoint::default()
            });
            Ok(Response::new(QueryResponse { result: result.collect(), ..QueryResponse::default() }))
        }

        async fn scroll(&self, request: Request<ScrollPoints>) -> Answer<ScrollResponse> {
            let request = request.into_inner();
            let shard = self.shard(&request.collection_name).await?;
            let (page, next) = shard.engine.scroll(edge::ScrollRequest {
                offset: request.offset.and_then(number).map(edge::PointId::NumId),
                limit: Some(request.limit.unwrap_or(10) as usize),
                filter: request.filter.map(filter).transpose()?,
                with_payload: Some(edge::WithPayloadInterface::Bool(false)),
                with_vector: edge::WithVector::Bool(false),
                order_by: None,
            }).map_err(internal)?;
            let result = page.into_iter().map(|point| RetrievedPoint { id: Some(point_id(point.id)), ..RetrievedPoint::default() });
            let next_page_offset = next.map(point_id);
            Ok(Response::new(ScrollResponse { next_page_offset, result: result.collect(), ..ScrollResponse::default() }))
        }
    }
    unused {
        get: GetPoints => GetResponse,
        update_vectors: UpdatePointVectors => PointsOperationResponse,
        delete_vectors: DeletePointVectors => PointsOperationResponse,
        set_payload: SetPayloadPoints => PointsOperationResponse,
        overwrite_payload: SetPayloadPoints => PointsOperationResponse,
        delete_payload: DeletePayloadPoints => PointsOperationResponse,
        clear_payload: ClearPayloadPoints => PointsOperationResponse,
        delete_field_index: DeleteFieldIndexCollection => PointsOperationResponse,
        create_vector_name: CreateVectorNameRequest => PointsOperationResponse,
        delete_vector_name: DeleteVectorNameRequest => PointsOperationResponse,
        search: SearchPoints => SearchResponse,
        search_batch: SearchBatchPoints => SearchBatchResponse,
        search_groups: SearchPointGroups => SearchGroupsResponse,
        recommend: RecommendPoints => RecommendResponse,
        recommend_batch: RecommendBatchPoints => RecommendBatchResponse,
        recommend_groups: RecommendPointGroups => RecommendGroupsResponse,
        discover: DiscoverPoints => DiscoverResponse,
        discover_batch: DiscoverBatchPoints => DiscoverBatchResponse,
        update_batch: UpdateBatchPoints => UpdateBatchResponse,
        query_batch: QueryBatchPoints => QueryBatchResponse,
        query_groups: QueryPointGroups => QueryGroupsResponse,
        facet: FacetCounts => FacetResponse,
        search_matrix_pairs: SearchMatrixPoints => SearchMatrixPairsResponse,
        search_matrix_offsets: SearchMatrixPoints => SearchMatrixOffsetsResponse,
    }
}

impl Shards {
    async fn shard(&self, collection: &str) -> Result<Arc<Shard>, Status> {
        self.0.lock().await.get(collection).cloned().ok_or_else(|| Status::not_found(collection))
    }

    async fn update(
        &self,
        collection: &str,
        wait: Option<bool>,
        operation: edge::UpdateOperation,
    ) -> Answer<PointsOperationResponse> {
        assert_eq!(wait, Some(true), "a write that is not waited for is not durable");
        self.shard(collection).await?.engine.update(operation).map_err(internal)?;
        Ok(Response::new(PointsOperationResponse::default()))
    }
}

fn point(point: PointStruct) -> Result<edge::PointStructPersisted, Status> {
    let id = point.id.and_then(number).ok_or_else(|| Status::invalid_argument("point id"))?;
    let vector = match point.vectors.and_then(|vectors| vectors.vectors_options) {
        Some(vectors::VectorsOptions::Vector(Vector { vector: Some(vector::Vector::Dense(dense)), .. })) => dense.data,
        _ => return Err(Status::invalid_argument("one unnamed dense vector")),
    };
    let payload = point.payload.into_iter().map(|(key, value)| (key, json(value))).collect();
    let vectors = edge::Vectors::new_named([(VECTOR, edge::Vector::new_dense(vector))]);
    Ok(edge::PointStruct::new(id, vectors, serde_json::Value::Object(payload)).into())
}

fn filter(wanted: Filter) -> Result<edge::Filter, Status> {
    let conditions = |list: Vec<Condition>| list.into_iter().map(condition).collect::<Result<Vec<_>, _>>();
    assert!(wanted.should.is_empty() && wanted.min_should.is_none());
    let (must, must_not) = (conditions(wanted.must)?, conditions(wanted.must_not)?);
    Ok(edge::Filter { should: None, min_should: None, must: Some(must), must_not: Some(must_not) })
}

fn condition(wanted: Condition) -> Result<edge::Condition, Status> {
    match wanted.condition_one_of {
        Some(condition::ConditionOneOf::HasId(ids)) => {
            Ok(edge::Condition::HasId(ids.has_id.into_iter().filter_map(number).map(edge::PointId::NumId).collect()))
        }
        Some(condition::ConditionOneOf::Field(field)) => {
            let wanted = match field.r#match.and_then(|wanted| wanted.match_value) {
                Some(r#match::MatchValue::Integers(any)) => edge::Match::from(any.integers),
                Some(r#match::MatchValue::Keywords(any)) => edge::Match::from(any.strings),
                _ => return Err(Status::unimplemented("match")),
            };
            Ok(edge::Condition::Field(edge::FieldCondition::new_match(field.key.parse().unwrap(), wanted)))
        }
        _ => Err(Status::unimplemented("condition")),
    }
}

fn json(value: Value) -> serde_json::Value {
    match value.kind {
        Some(value::Kind::StringValue(text)) => text.into(),
        Some(value::Kind::IntegerValue(number)) => number.into(),
        other => panic!("payload {other:?}"),
    }
}

fn number(id: PointId) -> Option<u64> {
    match id.point_id_options? {
        point_id::PointIdOptions::Num(number) => Some(number),
        point_id::PointIdOptions::Uuid(_) => None,
    }
}

fn point_id(id: edge::PointId) -> PointId {
    match id {
        edge::PointId::NumId(number) => number.into(),
        edge::PointId::Uuid(_) => panic!("points here are numbered"),
    }
}

fn internal(error: edge::OperationError) -> Status {
    Status::internal(error.to_string())
}
